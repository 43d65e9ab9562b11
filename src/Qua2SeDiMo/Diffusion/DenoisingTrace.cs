using Qua2SeDiMo.Inference;

namespace Qua2SeDiMo.Diffusion;

/// <summary>
/// Record of a sampling run: the inputs of the denoiser at each step. It also maps cotangents back: from the guided
/// prediction to the rows of a call's output, and from the rows of the latents' input to the latents.
/// </summary>
internal sealed class DenoisingTrace
{
    private readonly IPipelineFamily family;
    private readonly LatentShape shape;
    private readonly float guidance;
    private readonly List<IReadOnlyDictionary<string, TensorValue>> calls = [];
    private readonly List<float[]> latents = [];
    private IReadOnlyList<long> predictionShape = [];

    internal DenoisingTrace(
        IPipelineFamily family,
        LatentShape shape,
        GenerationRequest request,
        bool isGuided,
        int images
    )
    {
        (this.family, this.shape, guidance, IsGuided, Images) = (
            family,
            shape,
            (float)request.GuidanceScale,
            isGuided,
            images
        );
    }

    /// <summary>Number of images of the run.</summary>
    internal int Images { get; }

    /// <summary>Whether each call has a conditional and an unconditional half.</summary>
    internal bool IsGuided { get; }

    /// <summary>Batch rows of a call.</summary>
    internal int Rows => IsGuided ? 2 * Images : Images;

    /// <summary>Number of latent values of all images together.</summary>
    internal int Length => Images * shape.Length;

    /// <summary>All inputs of each call, by step.</summary>
    internal IReadOnlyList<IReadOnlyDictionary<string, TensorValue>> Calls => calls;

    /// <summary>Latents before each step, and after the last: [images, channels, height, width].</summary>
    internal IReadOnlyList<float[]> Latents => latents;

    /// <summary>Name of the denoiser's input for the latents.</summary>
    internal string LatentsInput => family.LatentsInput;

    /// <summary>Records the inputs of a call and the latents before it; buffers that the loop reuses are
    /// copied.</summary>
    internal void Add(
        IReadOnlyDictionary<string, TensorValue> inputs,
        IReadOnlyDictionary<string, TensorValue> shared,
        float[] before
    )
    {
        var copy = inputs.Concat(shared).ToDictionary(StringComparer.Ordinal);
        foreach (string reused in (string[])[family.LatentsInput, "timestep"])
            copy[reused] = TensorValue.Of([.. copy[reused].Singles], copy[reused].Shape);
        calls.Add(copy);
        latents.Add([.. before]);
    }

    /// <summary>Records the shape of the denoiser's output.</summary>
    internal void SetPrediction(TensorValue predicted) => predictionShape = predicted.Shape;

    /// <summary>Records the latents after the last step.</summary>
    internal void End(float[] last) => latents.Add([.. last]);

    /// <summary>Cotangent of a call's output from that of the guided prediction: times s for the conditional half and
    /// times 1 − s for the unconditional half, with guidance scale s.</summary>
    /// <param name="guided">Cotangent of the guided prediction, [images, channels, height, width].</param>
    internal TensorValue ToCall(ReadOnlySpan<float> guided)
    {
        long length = predictionShape.Aggregate(1L, (product, extent) => product * extent);
        float[] rows = new float[length];
        int row = checked((int)(length / predictionShape[0]));
        int negativeStart = family.ConditionalFirst ? Images : 0,
            promptStart = IsGuided && !family.ConditionalFirst ? Images : 0;
        for (int image = 0; image < Images; image++)
        {
            ReadOnlySpan<float> from = guided.Slice(image * shape.Length, shape.Length);
            // The cotangent of a predicted variance is zero.
            Scaled(from, IsGuided ? guidance : 1, rows.AsSpan((promptStart + image) * row, shape.Length));
            if (IsGuided)
                Scaled(from, 1 - guidance, rows.AsSpan((negativeStart + image) * row, shape.Length));
        }
        return TensorValue.Of(rows, predictionShape);
    }

    /// <summary>The guided prediction from a call's output, [images, channels, height, width].</summary>
    internal float[] Guided(TensorValue output)
    {
        float[] guided = new float[Length];
        Guidance.Combine(output, Images, IsGuided, guidance, family, shape, guided);
        return guided;
    }

    /// <summary>Gradient in the latents from that in a call's input: the sum over both halves, which read the same
    /// latents.</summary>
    internal float[] FromCall(TensorValue input)
    {
        float[] sum = new float[Length],
            part = new float[shape.Length];
        for (int row = 0; row < Rows; row++)
        {
            ReadOnlySpan<float> from = input.Singles.AsSpan(row * shape.Length, shape.Length);
            if (family.PacksLatents)
                LatentPacking.Unpack(from, shape, part);
            else
                from.CopyTo(part);
            Span<float> to = sum.AsSpan(row % Images * shape.Length, shape.Length);
            for (int i = 0; i < part.Length; i++)
                to[i] += part[i];
        }
        return sum;
    }

    private void Scaled(ReadOnlySpan<float> from, float scale, Span<float> to)
    {
        if (family.PacksLatents)
            LatentPacking.Pack(from.ToArray(), shape, to);
        else
            from.CopyTo(to);
        for (int i = 0; i < to.Length; i++)
            to[i] *= scale;
    }
}
