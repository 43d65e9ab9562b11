using System.Numerics.Tensors;
using Qua2SeDiMo.Kernels.Codes;
using Qua2SeDiMo.Quantizers.Palettes;

namespace Qua2SeDiMo.Quantizers.Affine;

/// <summary>
/// UAQ (method.md, section 3): per output channel, tries ten ranges from the full one down to a tenth and keeps the one
/// with the smallest mean |w − ŵ|^2.4. Asymmetric, zero not forced into the range, single-precision arithmetic.
/// </summary>
internal static class AffineQuantizer
{
    /// <summary>Ranges tried per channel: 1.0, 0.9, … 0.1 of the full one.</summary>
    public const int CandidateCount = 10;

    /// <summary>Quantizes a weight.</summary>
    /// <param name="weight">Finite weights.</param>
    /// <param name="bits">Bits of one code, 2 to 8.</param>
    /// <param name="tableType">Precision of tables, which determines how the chosen step is stored (see
    /// <see cref="AffineWord"/>). Float32 gives exactly the published arithmetic.</param>
    /// <param name="parallel">Threads and cancellation; the result does not depend on it.</param>
    /// <exception cref="UnquantizableWeightException">A channel holds a NaN or an infinity, or its range overflows
    /// single precision.</exception>
    public static QuantizedWeight Quantize(
        WeightMatrix weight,
        int bits,
        ElementType tableType,
        ParallelOptions? parallel = null
    )
    {
        ArgumentNullException.ThrowIfNull(weight);
        var spec = new QuantizerSpec(QuantizerMethod.UniformAffine, bits);
        var parameters = new AffineParameters(new float[weight.OutChannels], new float[weight.OutChannels]);
        byte[] codes = new byte[weight.Count];
        double[] errors = new double[weight.OutChannels];
        RowBlocks.Run(
            weight.OutChannels,
            weight.RowLength,
            parallel,
            channel =>
            {
                ReadOnlySpan<float> row = weight.Row(channel);
                AffineChoice choice = Choose(row, bits, tableType);
                AffineKernel.Encode(
                    row,
                    choice.CodeStep,
                    choice.ZeroPoint,
                    spec.PaletteLength - 1,
                    codes.AsSpan(channel * weight.RowLength, weight.RowLength)
                );
                parameters.Scales[channel] = choice.Step;
                parameters.ZeroPoints[channel] = choice.ZeroPoint;
                errors[channel] = choice.Score;
            }
        );
        return new QuantizedWeight(
            spec,
            weight.OutChannels,
            weight.RowLength,
            tableType,
            codes,
            parameters.ToPalettes(bits),
            parameters,
            errors.Average()
        );
    }

    /// <summary>Chooses step and zero point of one channel.</summary>
    /// <param name="row">Weights of the channel.</param>
    /// <param name="bits">Bits of one code.</param>
    /// <param name="tableType">Precision of step and zero point.</param>
    /// <param name="scores">Empty, or ten elements that receive the mean |w − ŵ|^2.4 of each candidate; NaN for a
    /// constant channel.</param>
    /// <exception cref="UnquantizableWeightException">The channel is empty, holds a NaN or an infinity, or its range
    /// overflows single precision.</exception>
    internal static AffineChoice Choose(
        ReadOnlySpan<float> row,
        int bits,
        ElementType tableType,
        Span<double> scores = default
    )
    {
        if (row.IsEmpty)
            throw new UnquantizableWeightException("A channel has no weights.");
        float smallest = TensorPrimitives.Min(row),
            largest = TensorPrimitives.Max(row);
        float last = (1 << bits) - 1;
        if (!float.IsFinite((largest - smallest) * last))
        {
            throw new UnquantizableWeightException(
                $"A channel spans {smallest} to {largest}; only finite weights of a sane range can be quantized."
            );
        }
        scores.Fill(double.NaN);
        if (smallest == largest)
            return Constant(smallest, tableType);
        AffineChoice? best = null;
        for (int candidate = 0; candidate < CandidateCount; candidate++)
        {
            float ratio = (float)(1.0 - (0.1 * candidate));
            float low = smallest * ratio,
                high = largest * ratio;
            (float codeStep, float step, float zeroPoint) = AffineWord.Round(tableType, (high - low) / last, low);
            double score = AffineKernel.Error(row, codeStep, codeStep, zeroPoint, last) / row.Length;
            if (!scores.IsEmpty)
                scores[candidate] = score;
            // Strictly better only, so that ties keep the larger range.
            if (best is null || score < best.Value.Score)
                best = new AffineChoice(candidate, codeStep, step, zeroPoint, score);
        }
        AffineChoice chosen = best!.Value;
        if (chosen.CodeStep == chosen.Step)
            return chosen;
        return chosen with
        {
            Score = AffineKernel.Error(row, chosen.CodeStep, chosen.Step, chosen.ZeroPoint, last) / row.Length,
        };
    }

    // The step of a constant channel is the value's magnitude, and its codes lie one above or below the zero point, so
    // that the value is reconstructed exactly. The checkpoint's type holds the value, so rounding to it changes
    // nothing.
    private static AffineChoice Constant(float value, ElementType tableType) =>
        value == 0f
            ? new AffineChoice(-1, 1f, 1f, 0f, 0)
            : new AffineChoice(
                -1,
                MathF.Abs(value),
                TablePrecision.Round(tableType, MathF.Abs(value)),
                value > 0f ? -1f : 1f,
                0
            );
}

/// <summary>UAQ's choice for one channel.</summary>
/// <param name="Candidate">Index of the range, ratio 1 − 0.1·index; −1 for a constant channel.</param>
/// <param name="CodeStep">Δ by which codes are computed.</param>
/// <param name="Step">Δ that is stored.</param>
/// <param name="ZeroPoint">z.</param>
/// <param name="Score">Mean |w − ŵ|^2.4 over the channel.</param>
internal readonly record struct AffineChoice(int Candidate, float CodeStep, float Step, float ZeroPoint, double Score);
