using System.Numerics.Tensors;
using Qua2SeDiMo.Diffusion.Schedulers;
using Qua2SeDiMo.Inference;

namespace Qua2SeDiMo.Diffusion;

/// <summary>
/// From noise to latents: at each step one call of the denoiser with both halves of guidance in one batch, then the scheduler's step.
/// Classifier-free guidance: Ho and Salimans, 2022, ε = ε_u + s·(ε_c − ε_u).
/// </summary>
internal sealed class DenoisingLoop(InferenceModel denoiser, IScheduler scheduler, IPipelineFamily family, LatentShape shape, GenerationRequest request)
{
    /// <summary>Time spent in the denoiser.</summary>
    internal TimeSpan RuntimeElapsed { get; private set; }

    /// <summary>Denoises a batch in place.</summary>
    /// <param name="latents">Unit normals, [images, channels, height, width]; finished latents afterwards.</param>
    /// <param name="prompts">All prompts.</param>
    /// <param name="firstPrompt">Row of the first image's prompt.</param>
    /// <param name="report">Told the finished share, 0 to 1, after each step.</param>
    /// <param name="cancellationToken">Looked at before each step.</param>
    internal void Run(float[] latents, EncodedPrompts prompts, int firstPrompt, Action<double> report, CancellationToken cancellationToken)
    {
        int images = shape.Count(latents.Length);
        bool guided = prompts.Negative is not null;
        int rows = guided ? 2 * images : images;
        Dictionary<string, TensorValue> inputs = Conditions(prompts, firstPrompt, images);
        scheduler.SetTimesteps(request.StepCount);
        TensorPrimitives.Multiply(latents, scheduler.InitNoiseSigma, latents);

        float[] input = new float[rows * shape.Length];
        float[] timesteps = new float[rows];
        inputs[family.LatentsInput] = TensorValue.Of(input, rows, shape.Channels, shape.Height, shape.Width);
        inputs["timestep"] = TensorValue.Of(timesteps, rows);
        float[] output = new float[latents.Length];
        for (int step = 0; step < scheduler.Timesteps.Length; step++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            scheduler.ScaleModelInput(latents, step, input.AsSpan(0, latents.Length));
            if (guided) input.AsSpan(0, latents.Length).CopyTo(input.AsSpan(latents.Length));
            timesteps.AsSpan().Fill(scheduler.Timesteps[step]);
            long before = TimeProvider.System.GetTimestamp();
            TensorValue predicted = denoiser.Run(inputs).Values.Single();
            RuntimeElapsed += TimeProvider.System.GetElapsedTime(before);
            Guide(predicted, images, guided, output);
            scheduler.Step(output, step, latents, [], images);
            report((step + 1.0) / scheduler.Timesteps.Length);
        }
    }

    private Dictionary<string, TensorValue> Conditions(EncodedPrompts prompts, int firstPrompt, int images)
    {
        int[] prompt = [.. Enumerable.Range(firstPrompt, images)];
        if (prompts.Negative is null) return new Dictionary<string, TensorValue>(prompts.Prompts.Rows(prompt));
        // Row 0 is the negative prompt, row 1 + i is prompt i.
        int[] conditional = [.. prompt.Select(row => row + 1)];
        int[] negative = new int[images];
        int[] order = family.ConditionalFirst ? [.. conditional, .. negative] : [.. negative, .. conditional];
        return new Dictionary<string, TensorValue>(prompts.Negative.Append(prompts.Prompts).Rows(order));
    }

    // Joins the halves and cuts off the variance channels that some denoisers predict after the noise.
    private void Guide(TensorValue predicted, int images, bool guided, float[] output)
    {
        int rowLength = predicted.Singles.Length / (int)predicted.Shape[0];
        int first = family.ConditionalFirst ? images : 0, second = family.ConditionalFirst ? 0 : images;
        float scale = (float)request.GuidanceScale;
        for (int image = 0; image < images; image++)
        {
            Span<float> target = output.AsSpan(image * shape.Length, shape.Length);
            ReadOnlySpan<float> unconditional = predicted.Singles.AsSpan((first + image) * rowLength, shape.Length);
            if (!guided)
            {
                predicted.Singles.AsSpan(image * rowLength, shape.Length).CopyTo(target);
                continue;
            }
            ReadOnlySpan<float> conditional = predicted.Singles.AsSpan((second + image) * rowLength, shape.Length);
            for (int i = 0; i < target.Length; i++) target[i] = unconditional[i] + (scale * (conditional[i] - unconditional[i]));
        }
    }
}
