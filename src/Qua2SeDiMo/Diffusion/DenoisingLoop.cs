using System.Diagnostics;
using System.Globalization;
using System.Numerics.Tensors;
using Qua2SeDiMo.Diffusion.Schedulers;
using Qua2SeDiMo.Inference;
using Qua2SeDiMo.Numerics;

namespace Qua2SeDiMo.Diffusion;

/// <summary>
/// Denoises latents: each step calls the denoiser once, with the conditional and the unconditional half of guidance in
/// one batch, and then the scheduler. Classifier-free guidance: Ho and Salimans, 2022, ε = ε_u + s·(ε_c − ε_u).
/// </summary>
internal sealed class DenoisingLoop(
    InferenceModel denoiser,
    IScheduler scheduler,
    IPipelineFamily family,
    LatentShape shape,
    GenerationRequest request
)
{
    private const string WrongSchedule =
        "the latents after the step, though what the denoiser predicted is finite; "
        + "the noise schedule or the prediction_type in scheduler_config.json may be another model's";

    /// <summary>Name of the denoiser in the pipeline, for messages.</summary>
    internal required string Component { get; init; }

    /// <summary>Class of the scheduler, for messages.</summary>
    internal required string SchedulerClass { get; init; }

    /// <summary>Time spent in the denoiser.</summary>
    internal TimeSpan RuntimeElapsed { get; private set; }

    /// <summary>Called with the step, the denoiser's output and the latents after the step; for comparison with
    /// references.</summary>
    internal Action<int, TensorValue, float[]>? Observer { get; init; }

    /// <summary>Records the inputs of each call; null to record nothing.</summary>
    internal DenoisingTrace? Trace { get; init; }

    /// <summary>Denoises a batch.</summary>
    /// <param name="noise">Starting noise, and noise of the steps if the scheduler needs it.</param>
    /// <param name="prompts">All prompts.</param>
    /// <param name="firstPrompt">Row of the first image's prompt.</param>
    /// <param name="images">Images in the batch.</param>
    /// <param name="report">Called after each step with the finished fraction, 0 to 1.</param>
    /// <param name="cancellationToken">Checked before each step.</param>
    /// <returns>Latents, [images, channels, height, width].</returns>
    internal float[] Run(
        INoiseSource noise,
        EncodedPrompts prompts,
        int firstPrompt,
        int images,
        Action<double> report,
        CancellationToken cancellationToken
    )
    {
        bool guided = prompts.Negative is not null;
        int rows = guided ? 2 * images : images;
        float[] latents = new float[images * shape.Length];
        float[] stepNoise = new float[latents.Length];
        Draw(noise, firstPrompt, images, latents);
        scheduler.SetTimesteps(request.StepCount, family.Sampling(shape, request));
        TensorPrimitives.Multiply(latents, scheduler.InitNoiseSigma, latents);

        Dictionary<string, TensorValue> inputs = prompts.Batch(firstPrompt, images, family.ConditionalFirst);
        IReadOnlyDictionary<string, TensorValue> shared = family.SharedInputs(shape, prompts.Prompts);
        int? batch = FixedBatch.Of(denoiser.Graph, family.LatentsInput);
        float[] scaled = new float[latents.Length];
        float[] input = new float[rows * shape.Length];
        float[] timesteps = new float[rows];
        inputs[family.LatentsInput] = TensorValue.Of(input, InputShape(rows));
        inputs["timestep"] = TensorValue.Of(timesteps, rows);
        float[] output = new float[latents.Length * (scheduler.UsesPredictedVariance ? 2 : 1)];
        for (int step = 0; step < scheduler.Timesteps.Length; step++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            scheduler.ScaleModelInput(latents, step, scaled);
            WriteInput(scaled, input);
            if (guided)
                input.AsSpan(0, latents.Length).CopyTo(input.AsSpan(latents.Length));
            timesteps.AsSpan().Fill(scheduler.Timesteps[step] * family.TimestepScale);
            Trace?.Add(inputs, shared, latents);
            long before = Stopwatch.GetTimestamp();
            TensorValue predicted = FixedBatch.Run(denoiser, inputs, shared, batch, $"{Component}, {Words(step)}");
            RuntimeElapsed += Stopwatch.GetElapsedTime(before);
            Trace?.SetPrediction(predicted);
            Guidance.Combine(predicted, images, guided, (float)request.GuidanceScale, family, shape, output);
            RequireFinite(
                output,
                step,
                Component,
                $"the guided prediction; guidance of {request.GuidanceScale:R} takes it too far"
            );
            bool drawsNoise = scheduler.NeedsNoise(step);
            if (drawsNoise)
                Draw(noise, firstPrompt, images, stepNoise);
            scheduler.Step(output, step, latents, drawsNoise ? stepNoise : [], images);
            RequireFinite(latents, step, $"scheduler ({SchedulerClass})", WrongSchedule);
            Observer?.Invoke(step, predicted, latents);
            report((step + 1.0) / scheduler.Timesteps.Length);
        }
        Trace?.End(latents);
        return latents;
    }

    private void RequireFinite(float[] values, int step, string component, string what)
    {
        if (!FiniteNumbers.All(values))
            throw new NonFiniteException(
                $"{component}, {Words(step)}: the first tensor with NaN or infinity is {what}."
            );
    }

    private string Words(int step) =>
        string.Create(
            CultureInfo.InvariantCulture,
            $"step {step + 1} of {scheduler.Timesteps.Length} (timestep {scheduler.Timesteps[step]:0.###})"
        );

    private void Draw(INoiseSource noise, int firstImage, int images, Span<float> destination)
    {
        for (int i = 0; i < images; i++)
            noise.Draw(firstImage + i, destination.Slice(i * shape.Length, shape.Length));
    }

    private long[] InputShape(int rows) =>
        family.PacksLatents
            ? [rows, shape.Height / 2 * (shape.Width / 2), shape.Channels * 4]
            : [rows, shape.Channels, shape.Height, shape.Width];

    private void WriteInput(float[] scaled, float[] input)
    {
        if (family.PacksLatents)
            LatentPacking.Pack(scaled, shape, input.AsSpan(0, scaled.Length));
        else
            scaled.CopyTo(input, 0);
    }
}
