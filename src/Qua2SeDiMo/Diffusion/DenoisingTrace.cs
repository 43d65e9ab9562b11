using Qua2SeDiMo.Inference;

namespace Qua2SeDiMo.Diffusion;

/// <summary>
/// A sampling run as it was: what the denoiser was given at each step. With it cotangents find their way back: from the
/// guided prediction to the rows of a call, and from the rows of the latents' input to the latents.
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

    /// <summary>Images of the run.</summary>
    internal int Images { get; }

    /// <summary>Whether each call has two halves.</summary>
    internal bool IsGuided { get; }

    /// <summary>Rows of a call.</summary>
    internal int Rows => IsGuided ? 2 * Images : Images;

    /// <summary>Values of the latents of all images.</summary>
    internal int Length => Images * shape.Length;

    /// <summary>All inputs of each call, by step.</summary>
    internal IReadOnlyList<IReadOnlyDictionary<string, TensorValue>> Calls => calls;

    /// <summary>Latents before each step, and after the last: [images, channels, height, width].</summary>
    internal IReadOnlyList<float[]> Latents => latents;

    /// <summary>Name of the input that takes the latents.</summary>
    internal string LatentsInput => family.LatentsInput;

    /// <summary>Takes the inputs of a call and the latents before it; both are copied where the loop uses them
    /// again.</summary>
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

    /// <summary>Takes the shape of what the denoiser predicts.</summary>
    internal void SetPrediction(TensorValue predicted) => predictionShape = predicted.Shape;

    /// <summary>Takes the latents after the last step.</summary>
    internal void End(float[] last) => latents.Add([.. last]);

    /// <summary>The cotangent of a call's output, from that of the guided prediction: guidance times it for the
    /// prompt's half, the rest for the other.</summary>
    /// <param name="guided">[images, channels, height, width].</param>
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
            // A variance that is predicted beside has no part in it.
            Scaled(from, IsGuided ? guidance : 1, rows.AsSpan((promptStart + image) * row, shape.Length));
            if (IsGuided)
                Scaled(from, 1 - guidance, rows.AsSpan((negativeStart + image) * row, shape.Length));
        }
        return TensorValue.Of(rows, predictionShape);
    }

    /// <summary>The guided prediction of a call, [images, channels, height, width].</summary>
    internal float[] Guided(TensorValue output)
    {
        float[] guided = new float[Length];
        Guidance.Combine(output, Images, IsGuided, guidance, family, shape, guided);
        return guided;
    }

    /// <summary>The gradient in the latents that a call saw, from that in its input: both halves see the same
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
