using System.Text.Json.Nodes;
using Qua2SeDiMo.Kernels.Codes;
using Qua2SeDiMo.Models;
using Qua2SeDiMo.Packing;
using Qua2SeDiMo.Quantizers;
using Qua2SeDiMo.Storage;
using Qua2SeDiMo.Tests.Quantizers;
using Xunit;

namespace Qua2SeDiMo.Tests.Packing;

public sealed class DiffusersWriterTests : IDisposable
{
    private readonly PackedFixture fixture = new();

    public void Dispose() => fixture.Dispose();

    [Fact]
    public void Weights_are_the_packed_ones_as_float16_under_their_original_names()
    {
        fixture.Pack();
        Write();
        using PackedModelReader packed = PackedModelReader.Open(fixture.Denoiser);
        using ShardedTensors found = ShardedTensors.Open(Denoiser);
        Assert.Equal(fixture.Tensors.Tensors.Keys.Order(), found.Tensors.Keys.Order());
        foreach (string name in QuantizerBankTests.Weights.Select(weight => weight.TensorName).Distinct())
        {
            Assert.Equal(ElementType.Float16, found.Tensors[name].Type);
            Assert.Equal(fixture.Tensors.Tensors[name].Shape, found.Tensors[name].Shape);
            Assert.Equal(packed.ReadSingle(name).Select(value => (float)(Half)value), found.ReadSingle(name));
        }
    }

    [Fact]
    public void Everything_else_is_a_copy_and_nothing_of_ours_but_a_note_is_left()
    {
        PackedModelSummary summary = Write();
        using ShardedTensors found = ShardedTensors.Open(Denoiser);
        Assert.Equal(fixture.Tensors.Tensors["linear.bias"].Type, found.Tensors["linear.bias"].Type);
        Assert.Equal(fixture.Tensors.ReadSingle("linear.bias"), found.ReadSingle("linear.bias"));
        Assert.Equal(
            [
                "LICENSE.md",
                "model_index.json",
                "q2_pack.json",
                "scheduler/scheduler_config.json",
                "transformer/config.json",
                "transformer/diffusion_pytorch_model.safetensors",
            ],
            Files()
        );
        Assert.Equal(
            new FileInfo(Path.Combine(Denoiser, "diffusion_pytorch_model.safetensors")).Length,
            summary.FileBytes
        );
        using SafetensorsFile file = SafetensorsFile.Open(
            Path.Combine(Denoiser, "diffusion_pytorch_model.safetensors")
        );
        Assert.Equal("pt", file.Metadata["format"]);
        PackNote note = PackNote.Read(Folder)!;
        Assert.Equal(
            (PackFormat.Diffusers, summary.AverageBits, 8, "here"),
            (note.Format, note.AverageBits, note.Activations.Common!.Value, (string?)note.Plan!["from"])
        );
        Assert.Equal(fixture.Mixed, note.Allocation);
    }

    [Fact]
    public void A_large_denoiser_is_cut_into_shards_with_an_index()
    {
        Write();
        using ShardedTensors whole = ShardedTensors.Open(Denoiser);
        float[] expected = whole.ReadSingle("conv.weight");
        whole.Dispose();
        Write(shardBytes: 1000);
        using ShardedTensors cut = ShardedTensors.Open(Denoiser);
        Assert.True(cut.FilePaths.Count > 1);
        Assert.Contains("transformer/diffusion_pytorch_model.safetensors.index.json", Files());
        Assert.Equal(expected, cut.ReadSingle("conv.weight"));
        Assert.Equal(fixture.Tensors.Tensors.Count, cut.Tensors.Count);
        JsonNode index = JsonNode.Parse(
            File.ReadAllText(Path.Combine(Denoiser, "diffusion_pytorch_model.safetensors.index.json"))
        )!;
        Assert.Equal(cut.Tensors.Values.Sum(tensor => tensor.SizeBytes), (long)index["metadata"]!["total_size"]!);
    }

    [Fact]
    public void A_place_that_is_taken_is_refused_and_an_earlier_one_replaced()
    {
        Write();
        Write();
        File.Delete(Path.Combine(Folder, PackNote.FileName));
        Assert.Throws<PackedModelException>(() => Write());
    }

    [Theory]
    [InlineData("\"version\": 1", "\"version\": 2")]
    [InlineData("\"activation_bits\": 8", "\"activation_bits\": 9")]
    [InlineData("\"activation_bits\": 8", "\"activation_bits\": 7.5")]
    [InlineData("\"diffusers\"", "\"papyrus\"")]
    [InlineData("\"uaq-", "\"uaq-9")]
    [InlineData("\"allocation\"", "\"location\"")]
    [InlineData("{", "[")]
    public void A_note_that_lies_is_refused(string text, string lie)
    {
        Write();
        string path = Path.Combine(Folder, PackNote.FileName),
            note = File.ReadAllText(path);
        Assert.Contains(text, note, StringComparison.Ordinal);
        AtomicFile.WriteText(path, note.Replace(text, lie, StringComparison.Ordinal));
        Assert.ThrowsAny<Q2Exception>(() => PackNote.Read(Folder));
    }

    private string Folder => fixture.In("diffusers");

    private string Denoiser => fixture.In("diffusers/transformer");

    private PackedModelSummary Write(long shardBytes = DiffusersWriter.DefaultShardBytes) =>
        DiffusersWriter.Write(
            fixture.Source,
            QuantizerBankTests.Weights,
            fixture.Mixed,
            fixture.Bank,
            Folder,
            new JsonObject { ["from"] = "here" },
            activations: ActivationAllocation.Everywhere(8),
            shardBytes
        );

    private string[] Files() =>
        [
            .. Directory
                .EnumerateFiles(Folder, "*", SearchOption.AllDirectories)
                .Select(path => Path.GetRelativePath(Folder, path).Replace('\\', '/'))
                .Order(StringComparer.Ordinal),
        ];
}
