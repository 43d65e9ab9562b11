using Qua2SeDiMo.Diffusion;
using Qua2SeDiMo.Pipelines;
using Qua2SeDiMo.Stages;

namespace Qua2SeDiMo.Samples;

/// <summary>Generates images from a model folder or a packed model.</summary>
internal static class GenerateImages
{
    internal static GenerateResult Run(string modelFolder, string imageFolder)
    {
        // <readme>
        using OpenModel model = OpenModel.Open(modelFolder);
        var request = new GenerationRequest { StepCount = 8, GuidanceScale = 3 };
        var options = new GenerateOptions(
            ["a red apple, fluent emoji", "a green leaf, fluent emoji"],
            request,
            Seed: 42
        );

        GenerateResult result = GenerateStage.Run(model, imageFolder, options);

        foreach (GeneratedImage image in result.Images)
            Console.WriteLine($"{image.Path}: {image.Prompt}");
        // </readme>
        return result;
    }
}
