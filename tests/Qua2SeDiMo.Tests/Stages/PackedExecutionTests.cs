using Qua2SeDiMo.Diffusion;
using Qua2SeDiMo.Inference;
using Qua2SeDiMo.Metrics;
using Qua2SeDiMo.Quantizers;
using Qua2SeDiMo.Stages;
using Xunit;
using Xunit.Abstractions;

namespace Qua2SeDiMo.Tests.Stages;

/// <summary>The bundled models with every option in them, multiplied by as codes and as reconstructed weights.</summary>
public sealed class PackedExecutionTests(ITestOutputHelper output)
{
    private static readonly GenerationRequest Request = new() { StepCount = 3 };
    private static readonly string[] Prompts = ["red apple, flat emoji", "blue house, flat emoji"];

    [Theory]
    [InlineData("emoji-pixart")]
    [InlineData("emoji-unet")]
    public void Codes_give_the_images_of_reconstructed_weights(string name)
    {
        using LoadedModel model = LoadedModel.Open(RepositoryFiles.Models(name));
        // Each weight its own option; every seventh keeps its precision.
        var choices = model.Weights.Select((weight, i) => (weight, i)).Where(item => item.i % 7 != 6)
            .Select(item => KeyValuePair.Create(item.weight.Name, QuantizerSpec.PaperOptions[item.i % 6]));
        PaletteSource codes = Codes(model, new BitAllocation(choices));

        double exact = Decibels(model, codes, null), eight = Decibels(model, codes, 8), six = Decibels(model, codes, 6);

        output.WriteLine($"{name}: single precision {exact:0.0} dB, 8-bit activations {eight:0.0} dB, 6-bit activations {six:0.0} dB");
        Assert.InRange(exact, 60, double.PositiveInfinity);
        // Palettes of integers, and values that round to the neighbouring activation code.
        Assert.InRange(eight, 30, double.PositiveInfinity);
        Assert.InRange(six, 20, double.PositiveInfinity);
    }

    private static PaletteSource Codes(LoadedModel model, BitAllocation allocation)
    {
        Dictionary<string, QuantizedWeight> weights = model.Weights.Where(weight => allocation[weight.Name] is not null).ToDictionary(weight => weight.Name, weight =>
            WeightQuantizer.Quantize(WeightMatrix.Read(model.Tensors, weight), [allocation[weight.Name]!]).Single());
        return new PaletteSource(allocation, name => weights[name].TableType, name => weights[name]);
    }

    private static double Decibels(LoadedModel model, PaletteSource codes, int? activationBits)
    {
        ImageBatch expected = Generate(model, codes, activationBits, isPacked: false), found = Generate(model, codes, activationBits, isPacked: true);
        return Enumerable.Range(0, expected.Count).Min(i => PeakSignalToNoise.Decibels(found.Image(i), expected.Image(i)));
    }

    private static ImageBatch Generate(LoadedModel model, PaletteSource codes, int? activationBits, bool isPacked)
    {
        using WeightBinding? binding = isPacked ? null : model.CreateBinding();
        foreach (string name in isPacked ? [] : codes.Allocation.Specs.Keys) binding!.Set(name, "quantized", destination => codes.Load(name).Dequantize(destination));
        using var pipeline = new DiffusionPipeline(model.Parts(new InferenceOptions(), activationBits, isPacked ? codes : null), model.Tensors, binding);
        return pipeline.Generate(pipeline.Encode(Prompts, Request), new SeededNoise([1, 2]), Request);
    }
}
