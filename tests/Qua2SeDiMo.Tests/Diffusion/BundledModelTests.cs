using System.Text.Json;
using Qua2SeDiMo.Diffusion;
using Qua2SeDiMo.Inference;
using Qua2SeDiMo.Models;
using Qua2SeDiMo.Stages;
using Xunit;
using Xunit.Abstractions;

namespace Qua2SeDiMo.Tests.Diffusion;

/// <summary>The bundled pipelines against the images that diffusers made with them (models/*/golden/reference.json).</summary>
public sealed class BundledModelTests(ITestOutputHelper output)
{
    private const double LargestMeanDifference = 2.0 / 255;

    [Theory]
    [InlineData("emoji-pixart")]
    [InlineData("emoji-unet")]
    public void Prompts_and_seeds_give_the_golden_images(string name)
    {
        string golden = RepositoryFiles.Models($"{name}/golden");
        using JsonDocument call = JsonDocument.Parse(File.ReadAllText(Path.Combine(golden, "reference.json")));
        string[] prompts = [.. call.RootElement.GetProperty("prompts").EnumerateArray().Select(item => item.GetString()!)];
        long[] seeds = [.. call.RootElement.GetProperty("seeds").EnumerateArray().Select(item => item.GetInt64())];
        using SafetensorsFile reference = SafetensorsFile.Open(Path.Combine(golden, "reference.safetensors"));

        using LoadedModel model = LoadedModel.Open(RepositoryFiles.Models(name));
        using DiffusionPipeline pipeline = new(model.Parts(new InferenceOptions()), model.Tensors);
        var request = new GenerationRequest { StepCount = 10, GuidanceScale = 3 };
        float[] noise = StartingNoise.Of(seeds, pipeline.LatentShape(request).Length);
        // PyTorch's vectorised logarithm and cosine differ from the C library's in the last place.
        Assert.All(reference.ReadSingle("initial_latents").Zip(noise), pair => Assert.Equal(pair.First, pair.Second, 1e-6f));

        ImageBatch images = pipeline.Generate(pipeline.Encode(prompts, request), noise, request);
        float[] expected = reference.ReadSingle("images");
        Assert.Equal(expected.Length, images.Pixels.Length);
        double mean = expected.Zip(images.Pixels, (a, b) => Math.Abs((double)a - b)).Average();
        double worst = expected.Zip(images.Pixels, (a, b) => Math.Abs(a - b)).Max();
        output.WriteLine($"mean absolute difference {mean:E2}, worst {worst:E2}");
        Assert.True(mean <= LargestMeanDifference, $"Mean absolute difference {mean:E3}.");
        Assert.True(worst <= 0.01, $"Worst difference {worst:E3}.");
    }
}
