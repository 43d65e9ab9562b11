using Qua2SeDiMo.Diffusion;
using Qua2SeDiMo.Diffusion.RandomSources;
using Qua2SeDiMo.Inference;
using Qua2SeDiMo.Models;
using Qua2SeDiMo.Models.Configs;
using Qua2SeDiMo.Pipelines;

namespace Qua2SeDiMo.Verification;

/// <summary>
/// Images that a model's original library generated from seeds: a folder with <c>reference.json</c> (prompts, seeds,
/// call) and <c>reference.safetensors</c> inside the model's folder (models/*/golden). Unlike
/// <see cref="PipelineCases"/>, this draws the noise itself.
/// </summary>
internal static class ModelImageCases
{
    // PyTorch's vectorised logarithm and cosine differ from those of the C library in the last digit.
    private const double NoiseTolerance = 1e-6;
    private const double LargestDifference = 0.01;
    private const double LargestMeanDifference = 2.0 / 255;

    /// <summary>Generates the images again.</summary>
    /// <param name="path">The folder.</param>
    /// <param name="cancellationToken">Checked before each step.</param>
    public static IReadOnlyList<VerificationResult> Verify(string path, CancellationToken cancellationToken = default)
    {
        string model = Path.GetDirectoryName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(path)))!;
        string name = Path.GetFileName(model);
        return Comparison.Guard(name, () => Run(name, path, model, cancellationToken));
    }

    private static List<VerificationResult> Run(
        string name,
        string path,
        string modelPath,
        CancellationToken cancellationToken
    )
    {
        ComponentConfig description = ComponentConfig.Read(Path.Combine(path, "reference.json"));
        IReadOnlyList<string> prompts = description.Strings("prompts");
        ulong[] seeds = [.. description.Root["seeds"]!.AsArray().Select(seed => TorchSeed.Parse(seed!.ToString()))];
        using SafetensorsFile reference = SafetensorsFile.Open(Path.Combine(path, "reference.safetensors"));
        using OpenModel model = OpenModel.Open(modelPath);
        var call = new PipelineCall(description.Object("call"), model.Folder.PipelineClass);
        GenerationRequest request = call.Request;
        using var pipeline = new DiffusionPipeline(
            model.Parts(new InferenceOptions()) with
            {
                TextLength = call.TextLength,
            },
            model.Tensors
        );
        float[] noise = StartingNoise.Of(seeds, pipeline.LatentShape(request).Length);
        ImageBatch images = pipeline.Generate(
            pipeline.Encode(prompts, request),
            noise,
            request,
            null,
            cancellationToken
        );
        float[] expected = reference.ReadSingle("images");
        var results = new List<VerificationResult>
        {
            Comparison.Of(name, "initial_latents", reference.ReadSingle("initial_latents"), noise, NoiseTolerance),
            Comparison.Of(name, "images", expected, images.Pixels, LargestDifference),
        };
        if (expected.Length != images.Pixels.Length)
            return results;
        double mean = expected.Zip(images.Pixels, (a, b) => Math.Abs((double)a - b)).Average();
        results.Add(
            new VerificationResult(
                name,
                "images, mean difference",
                mean,
                mean,
                LargestMeanDifference,
                mean <= LargestMeanDifference,
                null
            )
        );
        return results;
    }
}
