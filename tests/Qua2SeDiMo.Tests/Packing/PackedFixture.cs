using Qua2SeDiMo.Kernels.Codes;
using Qua2SeDiMo.Models;
using Qua2SeDiMo.Packing;
using Qua2SeDiMo.Quantizers;
using Qua2SeDiMo.Quantizers.Bank;
using Qua2SeDiMo.Storage;
using Qua2SeDiMo.Tests.Quantizers;

namespace Qua2SeDiMo.Tests.Packing;

/// <summary>A small pipeline on disk with a bank: a Linear, a split convolution, a depthwise convolution and a
/// bias.</summary>
internal sealed class PackedFixture : IDisposable
{
    internal PackedFixture()
    {
        Directory.CreateDirectory(In("source/transformer"));
        Directory.CreateDirectory(In("source/scheduler/more"));
        AtomicFile.WriteText(
            In("source/model_index.json"),
            """{"_class_name": "TestPipeline", "transformer": ["diffusers", "Test"], "scheduler": ["diffusers", "Test"]}"""
        );
        AtomicFile.WriteText(In("source/LICENSE.md"), "terms");
        AtomicFile.WriteText(In("source/other.ckpt"), "not wanted");
        AtomicFile.WriteText(In("source/transformer/config.json"), """{"_class_name": "Test"}""");
        AtomicFile.WriteText(In("source/scheduler/scheduler_config.json"), """{"_class_name": "Test"}""");
        AtomicFile.WriteText(In("source/scheduler/more/notes.txt"), "not wanted");
        QuantizerBankTests.WriteSource(In("source/transformer/diffusion_pytorch_model.safetensors"));
        Source = ModelFolder.Open(In("source"));
        Tensors = ShardedTensors.Open(Source.Denoiser.DirectoryPath);
        Bank = QuantizerBankBuilder.Build(Tensors, QuantizerBankTests.Weights, In("bank"));
    }

    internal string Folder { get; } = Directory.CreateTempSubdirectory("q2-pack-").FullName;

    internal ModelFolder Source { get; }

    internal ShardedTensors Tensors { get; }

    internal QuantizerBank Bank { get; }

    /// <summary>A different option for each weight.</summary>
    internal BitAllocation Mixed { get; } =
        new(
            QuantizerBankTests.Weights.Select(
                (weight, i) => KeyValuePair.Create(weight.Name, QuantizerSpec.PaperOptions[(i + 1) % 6])
            )
        );

    internal string Packed => In("packed");

    internal string Denoiser => In("packed/transformer");

    internal string In(string relative) => Path.Combine(Folder, relative);

    internal PackedModelSummary Pack(BitAllocation? allocation = null) =>
        PackedModelWriter.Write(Source, QuantizerBankTests.Weights, allocation ?? Mixed, Bank, Packed);

    public void Dispose()
    {
        Tensors.Dispose();
        Directory.Delete(Folder, recursive: true);
    }
}
