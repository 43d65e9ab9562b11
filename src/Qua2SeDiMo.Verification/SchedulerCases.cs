using System.Globalization;
using System.Text.Json.Nodes;
using Qua2SeDiMo.Diffusion.Schedulers;
using Qua2SeDiMo.Models;
using Qua2SeDiMo.Models.Configs;

namespace Qua2SeDiMo.Verification;

/// <summary>
/// Reference denoising loops: per case <c>NAME.json</c> and <c>NAME.safetensors</c>. Each step is run with the stored
/// model output and sample. Then the whole loop is run from the initial noise with only the stored model outputs, which
/// shows whether errors accumulate.
/// </summary>
internal static class SchedulerCases
{
    // Errors of the whole loop may reach a few times the tolerance of a step.
    private const double LoopAllowance = 3;

    /// <summary>Checks the loops of a folder, or of one case file.</summary>
    public static IReadOnlyList<VerificationResult> Verify(string path)
    {
        string[] files = File.Exists(path)
            ? [path]
            : [.. Directory.EnumerateFiles(path, "*.json").Order(StringComparer.Ordinal)];
        return
        [
            .. files.SelectMany(file =>
                Comparison.Guard(Path.GetFileNameWithoutExtension(file), () => VerifyCase(file))
            ),
        ];
    }

    private static List<VerificationResult> VerifyCase(string file)
    {
        string name = Path.GetFileNameWithoutExtension(file);
        var results = new List<VerificationResult>();
        ComponentConfig description = ComponentConfig.Read(file);
        using SafetensorsFile tensors = SafetensorsFile.Open(Path.ChangeExtension(file, ".safetensors"));
        foreach ((string run, JsonNode? node) in description.Object("runs").Root)
        {
            var loop = new SchedulerLoop(name, run, description, node!.AsObject(), tensors);
            results.AddRange(loop.Verify(LoopAllowance));
        }
        return results;
    }
}

/// <summary>One stored denoising loop.</summary>
internal sealed class SchedulerLoop
{
    private readonly string caseName;
    private readonly string run;
    private readonly ComponentConfig description;
    private readonly JsonObject settings;
    private readonly ITensorSource tensors;
    private readonly IScheduler scheduler;
    private readonly SamplingOptions options;
    private readonly int sampleLength;
    private readonly int outputLength;
    private readonly int imageCount;
    private readonly int callCount;

    public SchedulerLoop(
        string caseName,
        string run,
        ComponentConfig description,
        JsonObject settings,
        ITensorSource tensors
    )
    {
        (this.caseName, this.run, this.description, this.settings, this.tensors) = (
            caseName,
            run,
            description,
            settings,
            tensors
        );
        scheduler = SchedulerCatalog.Create(description.Object("scheduler_config"));
        options = ReadOptions(
            description.Object("step_arguments"),
            ComponentConfig
                .Parse(settings.ToJsonString(), $"{description.Source}: {run}")
                .Object("set_timesteps_arguments")
        );
        TensorInfo latents = Info("latents"),
            outputs = Info("model_outputs");
        callCount = checked((int)outputs.Shape[0]);
        imageCount = checked((int)latents.Shape[1]);
        sampleLength = checked((int)(latents.ElementCount / latents.Shape[0]));
        outputLength = checked((int)(outputs.ElementCount / callCount));
    }

    public IEnumerable<VerificationResult> Verify(double loopAllowance)
    {
        ComponentConfig tolerance = description.Object("tolerance");
        int steps = int.TryParse(run, CultureInfo.InvariantCulture, out int count) ? count : callCount;
        double latentTolerance = tolerance.Number("latents_max_abs_difference", 1e-4);

        scheduler.SetTimesteps(steps, options);
        float[] timesteps = tensors.ReadSingle(Key("timesteps"));
        yield return Comparison.Of(
            caseName,
            $"{run} timesteps",
            timesteps,
            scheduler.Timesteps,
            tolerance.Number("timesteps", 1e-4)
        );
        if (timesteps.Length != scheduler.Timesteps.Length)
            yield break;
        if (tensors.Tensors.ContainsKey(Key("sigmas")) && scheduler.Sigmas.Length > 0)
        {
            float[] sigmas = tensors.ReadSingle(Key("sigmas"));
            yield return Comparison.Of(
                caseName,
                $"{run} sigmas",
                sigmas,
                scheduler.Sigmas,
                tolerance.Number("sigmas_relative", 1e-5) * sigmas.Max()
            );
        }
        if (settings["init_noise_sigma"] is { } initial)
        {
            double expected = (double)initial;
            yield return Comparison.Of(
                caseName,
                $"{run} init_noise_sigma",
                [expected],
                [(double)scheduler.InitNoiseSigma],
                1e-5 * expected
            );
        }
        foreach (VerificationResult result in VerifySteps(latentTolerance))
            yield return result;
        yield return VerifyLoop(latentTolerance * loopAllowance, steps);
    }

    private IEnumerable<VerificationResult> VerifySteps(double latentTolerance)
    {
        for (int i = 0; i < callCount; i++)
        {
            float[] sample = Comparison.Slice(tensors, Key("latents"), (long)i * sampleLength, sampleLength);
            float[] scaled = new float[sampleLength];
            scheduler.ScaleModelInput(sample, i, scaled);
            float[] modelInput = Comparison.Slice(tensors, Key("model_inputs"), (long)i * sampleLength, sampleLength);
            yield return Comparison.Of(caseName, $"{run} step {i} model input", modelInput, scaled, latentTolerance);
            scheduler.Step(ModelOutput(i), i, sample, Noise(i), imageCount);
            float[] expected = Comparison.Slice(tensors, Key("latents"), (long)(i + 1) * sampleLength, sampleLength);
            yield return Comparison.Of(caseName, $"{run} step {i}", expected, sample, latentTolerance);
        }
    }

    private VerificationResult VerifyLoop(double latentTolerance, int steps)
    {
        scheduler.SetTimesteps(steps, options);
        float[] sample = tensors.ReadSingle(Key("noise"));
        for (int i = 0; i < sample.Length; i++)
            sample[i] *= scheduler.InitNoiseSigma;
        for (int i = 0; i < callCount; i++)
            scheduler.Step(ModelOutput(i), i, sample, Noise(i), imageCount);
        float[] expected = Comparison.Slice(tensors, Key("latents"), (long)callCount * sampleLength, sampleLength);
        return Comparison.Of(caseName, $"{run} loop", expected, sample, latentTolerance);
    }

    // Returns the first half of each image's channels if the second half is a predicted variance that the scheduler
    // does not use.
    private float[] ModelOutput(int step)
    {
        float[] output = Comparison.Slice(tensors, Key("model_outputs"), (long)step * outputLength, outputLength);
        if (outputLength == sampleLength || scheduler.UsesPredictedVariance)
            return output;
        float[] prediction = new float[sampleLength];
        int perImage = sampleLength / imageCount;
        for (int i = 0; i < imageCount; i++)
            output.AsSpan(i * (outputLength / imageCount), perImage).CopyTo(prediction.AsSpan(i * perImage));
        return prediction;
    }

    private float[] Noise(int step) =>
        scheduler.NeedsNoise(step)
            ? Comparison.Slice(tensors, Key("step_noise"), (long)step * sampleLength, sampleLength)
            : [];

    private TensorInfo Info(string name) =>
        tensors.Tensors.TryGetValue(Key(name), out TensorInfo? info)
            ? info
            : throw MissingTensorException.For(tensors, Key(name));

    private string Key(string name) => $"steps{run}.{name}";

    private static SamplingOptions ReadOptions(ComponentConfig step, ComponentConfig loop) =>
        new()
        {
            Timesteps = loop.Numbers("timesteps"),
            Sigmas = loop.Numbers("sigmas"),
            Mu = loop.NumberOrNull("mu"),
            OriginalStepCount = loop.IntOrNull("original_inference_steps"),
            Strength = loop.Number("strength", 1),
            Eta = step.Number("eta", 0),
            UseClippedModelOutput = step.Flag("use_clipped_model_output", false),
            Churn = step.Number("s_churn", 0),
            ChurnMinimum = step.Number("s_tmin", 0),
            ChurnMaximum = step.Number("s_tmax", double.PositiveInfinity),
            NoiseScale = step.Number("s_noise", 1),
        };
}
