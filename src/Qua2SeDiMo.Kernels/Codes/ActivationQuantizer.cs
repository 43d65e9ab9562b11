using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Qua2SeDiMo.Kernels.Codes;

/// <summary>
/// Online activation quantization: the range of each row is its own minimum and maximum, found at every call.
/// Asymmetric, zero not forced into the range, single precision, rounding half to even. Nothing is calibrated.
/// </summary>
internal static class ActivationQuantizer
{
    private const int Lanes = 8;

    /// <summary>Elements that share a range: the last axis, or all positions of one channel of a [batch, channel,
    /// height, width] image.</summary>
    /// <param name="shape">Extents of the activation, at least one.</param>
    public static int RowLength(ReadOnlySpan<long> shape) =>
        checked((int)(shape.Length == 4 ? shape[2] * shape[3] : shape[^1]));

    /// <summary>Axes of a row; see <see cref="RowLength"/>.</summary>
    /// <param name="rank">Axes of the activation, at least one.</param>
    public static int[] RowAxes(int rank) => rank == 4 ? [2, 3] : [rank - 1];

    /// <summary>Quantizes and reconstructs all rows.</summary>
    /// <param name="input">Rows one after another.</param>
    /// <param name="rowLength">Elements per row; see <see cref="RowLength"/>.</param>
    /// <param name="bits">2 to 8; usually 8 or 6.</param>
    /// <param name="output">As long as the input; may be the input itself.</param>
    /// <param name="fromZero">For attention weights after softmax: the range begins at 0 instead of the
    /// minimum.</param>
    /// <exception cref="ArgumentException">The input is not a whole number of rows, the output is shorter, or the bits
    /// are outside 2 to 8.</exception>
    public static void Quantize(
        ReadOnlySpan<float> input,
        int rowLength,
        int bits,
        Span<float> output,
        bool fromZero = false
    )
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(rowLength, 1);
        if (input.Length % rowLength != 0)
            throw new ArgumentException($"{input.Length} elements are not rows of {rowLength}.", nameof(input));
        for (int start = 0; start < input.Length; start += rowLength)
        {
            ReadOnlySpan<float> row = input.Slice(start, rowLength);
            Span<float> target = output.Slice(start, rowLength);
            ActivationRange range = ActivationRange.Of(row, bits, fromZero);
            if (range.IsExact)
                row.CopyTo(target);
            else
                QuantizeRow(row, range, target);
        }
    }

    /// <summary>Quantizes and reconstructs one row in a given range.</summary>
    internal static void QuantizeRow(ReadOnlySpan<float> row, ActivationRange range, Span<float> output)
    {
        Vector256<float> scale = Vector256.Create(range.Scale),
            zeroPoint = Vector256.Create(range.ZeroPoint),
            last = Vector256.Create(range.LastCode);
        ref float source = ref MemoryMarshal.GetReference(row);
        ref float target = ref MemoryMarshal.GetReference(output[..row.Length]);
        int i = 0;
        for (; i + Lanes <= row.Length; i += Lanes)
        {
            Vector256<float> code = Vector256.Round(Vector256.LoadUnsafe(ref source, (nuint)i) / scale) + zeroPoint;
            code = Vector256.MinNative(Vector256.MaxNative(code, Vector256<float>.Zero), last);
            ((code - zeroPoint) * scale).StoreUnsafe(ref target, (nuint)i);
        }
        for (; i < row.Length; i++)
            Unsafe.Add(ref target, i) = (range.Code(Unsafe.Add(ref source, i)) - range.ZeroPoint) * range.Scale;
    }
}

/// <summary>Scale and zero point of one row of activations.</summary>
/// <param name="Scale">Δ; 0 when the row is kept as it is.</param>
/// <param name="ZeroPoint">z, integer-valued.</param>
/// <param name="LastCode">2^bits − 1.</param>
internal readonly record struct ActivationRange(float Scale, float ZeroPoint, float LastCode)
{
    /// <summary>Whether the row keeps its values, because it is constant (for instance zero padding) or holds a NaN or
    /// an infinity, which must not be hidden by quantization.</summary>
    public bool IsExact => Scale == 0f;

    /// <summary>The range of a row.</summary>
    /// <param name="row">At least one element.</param>
    /// <param name="bits">2 to 8.</param>
    /// <param name="fromZero">The range begins at 0 instead of the minimum.</param>
    public static ActivationRange Of(ReadOnlySpan<float> row, int bits, bool fromZero = false)
    {
        if (bits is < 2 or > 8)
            throw new ArgumentOutOfRangeException(nameof(bits), bits, "An activation code has 2 to 8 bits.");
        float last = (1 << bits) - 1;
        float low = fromZero ? 0f : TensorPrimitives.Min(row),
            high = TensorPrimitives.Max(row);
        float scale = (high - low) / last;
        return float.IsFinite(scale) && scale > 0f
            ? new ActivationRange(scale, MathF.Round(-low / scale), last)
            : new ActivationRange(0f, 0f, last);
    }

    /// <summary>The code of a value, integer-valued in [0, LastCode].</summary>
    public float Code(float value) => MathF.Min(MathF.Max(MathF.Round(value / Scale) + ZeroPoint, 0f), LastCode);
}
