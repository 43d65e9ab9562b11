using Qua2SeDiMo.Diffusion;
using Qua2SeDiMo.Inference;
using Qua2SeDiMo.Kernels.Codes;
using Qua2SeDiMo.Metrics;
using Qua2SeDiMo.Pipelines;
using Qua2SeDiMo.Quantizers;
using Qua2SeDiMo.Quantizers.Bank;
using Qua2SeDiMo.Quantizers.Palettes;
using Xunit;
using Xunit.Abstractions;

namespace Qua2SeDiMo.Tests.Stages;

/// <summary>Compares packed execution with dequantized weights on the bundled models, with all options mixed.</summary>
public sealed class PackedExecutionTests(ITestOutputHelper output)
{
    private static readonly GenerationRequest Request = new() { StepCount = 6 };
    private static readonly int[] Widths = [8, 6, 16, 8, 5];
    private static readonly string[] Prompts =
    [
        "red apple, flat emoji",
        "blue house, flat emoji",
        "hamster, fluent emoji",
        "smirking face, flat emoji",
        "lungs, fluent emoji",
        "green tree, flat emoji",
        "yellow star, flat emoji",
        "umbrella, fluent emoji",
    ];

    [Theory]
    [InlineData("emoji-pixart")]
    [InlineData("emoji-unet")]
    public void Codes_give_the_images_of_reconstructed_weights(string name)
    {
        using OpenModel model = OpenModel.Open(RepositoryFiles.Models(name));
        // All options in turn; every seventh weight keeps its precision.
        var choices = model
            .Weights.Select((weight, i) => (weight, i))
            .Where(item => item.i % 7 != 6)
            .Select(item => KeyValuePair.Create(item.weight.Name, QuantizerSpec.PaperOptions[item.i % 6]));
        PaletteSource codes = Codes(model, new BitAllocation(choices));

        ImageBatch original = Generate(
            model,
            codes with
            {
                Allocation = BitAllocation.FullPrecision,
            },
            ActivationAllocation.None,
            isPacked: false
        );
        (double exact, _, _) = Compare(model, codes, ActivationAllocation.None, original);
        output.WriteLine($"{name}, single precision: {exact:0.0} dB between the two");
        Assert.InRange(exact, 60, double.PositiveInfinity);
        var mixed = new ActivationAllocation(
            model.Weights.Select((weight, i) => KeyValuePair.Create(weight.Name, Widths[i % Widths.Length]))
        );
        foreach (
            ActivationAllocation activations in new[]
            {
                ActivationAllocation.Everywhere(8),
                ActivationAllocation.Everywhere(6),
                mixed,
            }
        )
        {
            (double between, double reconstructed, double packed) = Compare(model, codes, activations, original);
            output.WriteLine(
                $"{name}, activations of {activations}: {between:0.0} dB between the two; to the original "
                    + $"{reconstructed:0.00} dB reconstructed, {packed:0.00} dB packed"
            );
            Assert.InRange(reconstructed, 5, exact - 1);
            // Integer palettes round differently, so the images differ but are equally close to the original.
            Assert.InRange(packed, reconstructed - 1, double.PositiveInfinity);
        }
    }

    private static PaletteSource Codes(OpenModel model, BitAllocation allocation)
    {
        Dictionary<string, QuantizedWeight> weights = model
            .Weights.Where(weight => allocation[weight.Name] is not null)
            .ToDictionary(
                weight => weight.Name,
                weight =>
                    WeightQuantizer
                        .Quantize(WeightMatrix.Read(model.Tensors, weight), [allocation[weight.Name]!])
                        .Single()
            );
        return new PaletteSource(allocation, name => weights[name].TableType, name => weights[name]);
    }

    private static (double Between, double Reconstructed, double Packed) Compare(
        OpenModel model,
        PaletteSource codes,
        ActivationAllocation activations,
        ImageBatch original
    )
    {
        ImageBatch reconstructed = Generate(model, codes, activations, isPacked: false),
            packed = Generate(model, codes, activations, isPacked: true);
        return (Decibels(packed, reconstructed), Decibels(reconstructed, original), Decibels(packed, original));
    }

    private static double Decibels(ImageBatch found, ImageBatch expected) =>
        Enumerable.Range(0, expected.Count).Average(i => PeakSignalToNoise.Decibels(found.Image(i), expected.Image(i)));

    private static ImageBatch Generate(
        OpenModel model,
        PaletteSource codes,
        ActivationAllocation activations,
        bool isPacked
    )
    {
        using WeightBinding? binding = isPacked ? null : model.CreateBinding();
        foreach (string name in isPacked ? [] : codes.Allocation.Specs.Keys)
            binding!.Set(name, "quantized", destination => codes.Load(name).Dequantize(destination));
        using var pipeline = new DiffusionPipeline(
            model.Parts(new InferenceOptions(), activations, isPacked ? codes : null),
            model.Tensors,
            binding
        );
        return pipeline.Generate(
            pipeline.Encode(Prompts, Request),
            new SeededNoise([.. Enumerable.Range(1, Prompts.Length).Select(seed => (ulong)seed)]),
            Request
        );
    }
}
