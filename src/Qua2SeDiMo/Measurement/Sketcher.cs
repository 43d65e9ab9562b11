using System.Numerics.Tensors;
using Qua2SeDiMo.Diffusion;
using Qua2SeDiMo.Diffusion.Schedulers;
using Qua2SeDiMo.Gradients;
using Qua2SeDiMo.Graphs.Ir;
using Qua2SeDiMo.Inference;
using Qua2SeDiMo.Kernels.Codes;
using Qua2SeDiMo.Models;
using Qua2SeDiMo.Numerics;

namespace Qua2SeDiMo.Measurement;

/// <summary>Returns the change of a weight by every option, [out, in, …] each.</summary>
internal delegate IReadOnlyList<float[]> WeightChanges(GraphWeight weight);

/// <summary>
/// Makes sketches: runs the model in full precision, draws random cotangents, pulls them back through decoder, sampler,
/// guidance and every call, and multiplies the gradient of each weight by the change of each option, and the gradient of
/// each layer's input by the change of rounding it. One pass serves all weights, options and inputs.
/// </summary>
/// <param name="pipeline">Pipeline with full-precision weights.</param>
/// <param name="tensors">The denoiser's checkpoint.</param>
/// <param name="binding">Binding with the checkpoint's values of the denoiser's weights.</param>
/// <param name="options">Target, cotangents, steps.</param>
internal sealed class Sketcher(
    DiffusionPipeline pipeline,
    ITensorSource tensors,
    WeightBinding binding,
    SketchOptions options
) : IDisposable
{
    private ReversePass? pass;
    private int preparedFor;
    private string output = "";
    private DecoderPass? decoder;

    /// <summary>For comparison with references: fills the cotangent of an image and cotangent index and returns true,
    /// or returns false to have it drawn.</summary>
    internal Func<int, int, float[], bool>? Given { get; init; }

    /// <summary>For comparison with references: receives the gradient of the starting noise, with the cotangent's
    /// index.</summary>
    internal Action<int, float[]>? NoiseGradient { get; init; }

    /// <summary>Sketches images in one batch.</summary>
    /// <param name="prompts">Prompts of the images.</param>
    /// <param name="noise">Starting noise of the images.</param>
    /// <param name="firstImage">Index of the first image among all: cotangents depend on the index of an image, not on
    /// its batch.</param>
    /// <param name="request">Steps, guidance and size.</param>
    /// <param name="specs">The options.</param>
    /// <param name="changes">Returns the changes of a weight by these options.</param>
    /// <param name="report">Receives the finished share, 0 to 1, after each pass.</param>
    /// <param name="cancellationToken">Checked before each pass.</param>
    /// <exception cref="GradientException">An operator of the denoiser has no reverse pass.</exception>
    /// <exception cref="SchedulerException">The scheduler is not linear, which changes of final latents or images
    /// require.</exception>
    internal Effects Run(
        EncodedPrompts prompts,
        INoiseSource noise,
        int firstImage,
        GenerationRequest request,
        IReadOnlyList<QuantizerSpec> specs,
        WeightChanges changes,
        Action<double>? report,
        CancellationToken cancellationToken
    )
    {
        DenoisingTrace trace = pipeline.Trace(prompts, noise, request, cancellationToken);
        Graph graph = pipeline.DenoiserGraph(request);
        Prepare(graph, trace);
        // A reverse pass that is run in parts, or not cut yet, may need the memory.
        if (pass!.PartCount != 1)
            pipeline.UnloadDenoiser();
        int[] steps =
        [
            .. options.Target == SketchTarget.Calls && options.Steps is { } some
                ? some
                : Enumerable.Range(0, trace.Calls.Count),
        ];
        string[] names = [.. graph.Weights.Select(weight => weight.Weight.Name)];
        Dictionary<string, int> places = Enumerable
            .Range(0, names.Length)
            .ToDictionary(place => names[place], StringComparer.Ordinal);
        EffectKind kind = options.Target == SketchTarget.Calls ? EffectKind.CallProducts : EffectKind.RunProducts;
        var sketch = new Effects(kind, names, specs, steps, trace.Images, options.Cotangents, options.ActivationBits);
        int passes = 0;
        void Passed() => report?.Invoke(++passes / (double)(options.Cotangents * steps.Length));
        SamplerResponse? response = options.Target == SketchTarget.Calls ? null : pipeline.Response(request);
        for (int cotangent = 0; cotangent < options.Cotangents; cotangent++)
        {
            // A weight that several parts of the graph use comes once from each.
            void Take(int step, GraphWeight weight, ReadOnlySpan<float> gradient)
            {
                double[] sums = new double[trace.Images * specs.Count];
                InnerProducts.Add(gradient, changes(weight), sums);
                int place = places[weight.Weight.Name];
                for (int i = 0; i < sums.Length; i++)
                    sketch[i / specs.Count, cotangent, step, place, i % specs.Count] += sums[i];
            }
            void TakeRounding(int step, GraphWeight weight, ReadOnlySpan<float> products)
            {
                int place = places[weight.Weight.Name],
                    widths = options.ActivationBits.Count;
                for (int i = 0; i < products.Length; i++)
                    sketch[i / widths, cotangent, step, place, sketch.OfInput(i % widths)] += products[i];
            }
            var taker = new Taker(Take, TakeRounding);
            float[] drawn = Draw(trace, request, firstImage, cotangent);
            if (response is null)
            {
                Calls(trace, steps, drawn, taker, Passed, cancellationToken);
                continue;
            }
            if (options.Target == SketchTarget.Image)
                drawn = Decoder(request).Pull(trace.Latents[^1], drawn);
            Whole(trace, response, drawn, cotangent, taker, Passed, cancellationToken);
        }
        return sketch;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        pass?.Dispose();
        decoder?.Dispose();
    }

    private delegate void StepSink(int step, GraphWeight weight, ReadOnlySpan<float> numbers);

    // Gradients in weights, and products of rounded inputs.
    private sealed record Taker(StepSink Gradient, StepSink Rounding);

    private DecoderPass Decoder(GenerationRequest request) =>
        decoder ??= new DecoderPass(pipeline.Decoder, pipeline.LatentShape(request), options.ActivationBytes);

    // The sessions are reused for batches of the same size.
    private void Prepare(Graph graph, DenoisingTrace trace)
    {
        if (pass is not null && preparedFor == trace.Images)
            return;
        pass?.Dispose();
        preparedFor = trace.Images;
        output = graph.Outputs[0].Name;
        pass = new ReversePass(
            graph,
            tensors,
            binding,
            [output],
            new ReverseOptions
            {
                Inputs = options.Target == SketchTarget.Calls ? [] : [trace.LatentsInput],
                Batch = trace.Rows,
                Items = trace.Images,
                RoundedBits = options.ActivationBits,
                ActivationBytes = options.ActivationBytes,
            }
        );
    }

    private void Calls(
        DenoisingTrace trace,
        int[] steps,
        float[] drawn,
        Taker take,
        Action passed,
        CancellationToken cancellationToken
    )
    {
        for (int i = 0; i < steps.Length; i++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            Pull(trace, steps[i], drawn, i, take);
            passed();
        }
    }

    // A prediction changes the final latents and the latents of every later call, which change later predictions.
    private void Whole(
        DenoisingTrace trace,
        SamplerResponse response,
        float[] final,
        int cotangent,
        Taker take,
        Action passed,
        CancellationToken cancellationToken
    )
    {
        int steps = response.StepCount;
        float[][] through = new float[steps][];
        float[] Sum(Func<int, float> coefficient, int from)
        {
            float[] sum = new float[final.Length];
            AddScaled(sum, final, coefficient(steps));
            for (int later = from; later < steps; later++)
                AddScaled(sum, through[later], coefficient(later));
            return sum;
        }
        for (int step = steps - 1; step >= 0; step--)
        {
            cancellationToken.ThrowIfCancellationRequested();
            int at = step;
            float[] prediction = Sum(later => response.ToPrediction(later, at), step + 1);
            through[step] = Pull(trace, step, prediction, at, take)!;
            float scale = response.InputScale(step);
            for (int i = 0; i < through[step].Length; i++)
                through[step][i] *= scale;
            passed();
        }
        NoiseGradient?.Invoke(cotangent, Sum(response.ToNoise, 0));
    }

    private float[]? Pull(DenoisingTrace trace, int step, float[] prediction, int place, Taker take)
    {
        IReadOnlyDictionary<string, TensorValue> pulled = pass!.Run(
            trace.Calls[step],
            new Dictionary<string, TensorValue>(StringComparer.Ordinal) { [output] = trace.ToCall(prediction) },
            (weight, gradient) => take.Gradient(place, weight, gradient),
            (weight, products) => take.Rounding(place, weight, products)
        );
        return pulled.TryGetValue(trace.LatentsInput, out TensorValue? latents) ? trace.FromCall(latents) : null;
    }

    private float[] Draw(DenoisingTrace trace, GenerationRequest request, int firstImage, int cotangent)
    {
        PixelSize image = pipeline.ImageSize(request);
        int perImage =
            options.Target == SketchTarget.Image ? 3 * image.Height * image.Width : trace.Length / trace.Images;
        float[] all = new float[trace.Images * perImage];
        for (int row = 0; row < trace.Images; row++)
        {
            float[] own = new float[perImage];
            if (Given?.Invoke(firstImage + row, cotangent, own) != true)
            {
                var random = new Pcg32(
                    options.Seed + (0x9E3779B97F4A7C15UL * (((ulong)(firstImage + row) << 20) + (ulong)cotangent + 1))
                );
                for (int i = 0; i < own.Length; i++)
                    own[i] = (float)random.NextNormal();
            }
            own.CopyTo(all, row * perImage);
        }
        return all;
    }

    private static void AddScaled(float[] sum, float[] values, float scale)
    {
        if (scale == 0)
            return;
        TensorPrimitives.MultiplyAdd(values, scale, sum, sum);
    }
}
