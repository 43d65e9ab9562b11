using Qua2SeDiMo.Kernels.Codes;
using Qua2SeDiMo.Kernels.Layout;
using Qua2SeDiMo.Kernels.Scheduling;

namespace Qua2SeDiMo.Kernels;

/// <summary>Products with palette-coded weights. The weights are never expanded as a whole; scratch memory is bounded
/// and does not grow with them.</summary>
public static class PaletteMatMul
{
    /// <summary>y[t, c] = Σ_k x[t, k]·w[c, k] + bias[c], in single precision.</summary>
    /// <param name="x">Row-major [tokens, K].</param>
    /// <param name="tokens">Rows, 0 or more.</param>
    /// <param name="weight">C × K.</param>
    /// <param name="bias">C values, or empty.</param>
    /// <param name="y">Row-major [tokens, C]; must not overlap <paramref name="x"/>.</param>
    /// <param name="run">How work items are spread over threads; on the calling thread when null. The result does not
    /// depend on it.</param>
    /// <exception cref="ArgumentException">A length does not fit.</exception>
    /// <exception cref="KernelException"><c>Q2_KERNEL</c> names no variant that can run.</exception>
    public static void Multiply(
        ReadOnlySpan<float> x,
        int tokens,
        PaletteMatrix weight,
        ReadOnlySpan<float> bias,
        Span<float> y,
        WorkRunner? run = null
    ) => MultiplyWith(KernelSelector.Active, x, tokens, weight, bias, y, run);

    /// <summary>
    /// Multiplies quantized activations: each token is quantized online (<see cref="ActivationQuantizer"/>) and sums
    /// are of integers. The palette of each channel is rounded to 8-bit integers with one scale per channel, so that
    /// the error of an entry is at most max |entry| / 254. All variants give the same bits. A token that holds a NaN or
    /// an infinity gives NaN.
    /// </summary>
    /// <param name="x">Row-major [tokens, K].</param>
    /// <param name="tokens">Rows, 0 or more.</param>
    /// <param name="weight">C × K; K at most <see cref="MaxIntegerRow"/>.</param>
    /// <param name="bias">C values, or empty.</param>
    /// <param name="activationBits">2 to 8.</param>
    /// <param name="y">Row-major [tokens, C]; must not overlap <paramref name="x"/>.</param>
    /// <param name="run">How work items are spread over threads; on the calling thread when null.</param>
    /// <exception cref="ArgumentException">A length does not fit.</exception>
    /// <exception cref="KernelException"><c>Q2_KERNEL</c> names no variant that can run.</exception>
    public static void MultiplyQuantized(
        ReadOnlySpan<float> x,
        int tokens,
        PaletteMatrix weight,
        ReadOnlySpan<float> bias,
        int activationBits,
        Span<float> y,
        WorkRunner? run = null
    ) => MultiplyQuantizedWith(KernelSelector.Active, x, tokens, weight, bias, activationBits, y, run);

    /// <summary>The longest K whose sums of 8-bit products fit 32 bits: ⌊(2^31 − 1) / (255·127)⌋.</summary>
    public const int MaxIntegerRow = int.MaxValue / (255 * 127);

    internal static unsafe void MultiplyWith(
        PaletteKernel kernel,
        ReadOnlySpan<float> x,
        int tokens,
        PaletteMatrix weight,
        ReadOnlySpan<float> bias,
        Span<float> y,
        WorkRunner? run
    )
    {
        Check(x, tokens, weight, bias, y);
        if (tokens == 0)
            return;
        fixed (
            float* source = x,
                added = bias,
                target = y
        )
            kernel.Multiply(source, tokens, weight, added, target, run ?? WorkRunners.Sequential);
    }

    internal static unsafe void MultiplyQuantizedWith(
        PaletteKernel kernel,
        ReadOnlySpan<float> x,
        int tokens,
        PaletteMatrix weight,
        ReadOnlySpan<float> bias,
        int activationBits,
        Span<float> y,
        WorkRunner? run
    )
    {
        Check(x, tokens, weight, bias, y);
        if (activationBits is < 2 or > 8)
            throw new ArgumentOutOfRangeException(
                nameof(activationBits),
                activationBits,
                "An activation code has 2 to 8 bits."
            );
        if (weight.RowLength > MaxIntegerRow)
            throw new ArgumentException(
                $"{weight.RowLength} inputs a channel; integer sums hold at most {MaxIntegerRow}.",
                nameof(weight)
            );
        if (tokens == 0)
            return;
        fixed (
            float* source = x,
                added = bias,
                target = y
        )
            kernel.MultiplyQuantized(
                source,
                tokens,
                weight,
                added,
                activationBits,
                target,
                run ?? WorkRunners.Sequential
            );
    }

    private static void Check(
        ReadOnlySpan<float> x,
        int tokens,
        PaletteMatrix weight,
        ReadOnlySpan<float> bias,
        Span<float> y
    )
    {
        ArgumentNullException.ThrowIfNull(weight);
        ArgumentOutOfRangeException.ThrowIfNegative(tokens);
        if (x.Length != (long)tokens * weight.RowLength)
            throw new ArgumentException(
                $"{x.Length} inputs; {tokens} tokens of {weight.RowLength} need {(long)tokens * weight.RowLength}.",
                nameof(x)
            );
        if (y.Length != (long)tokens * weight.OutChannels)
            throw new ArgumentException(
                $"{y.Length} outputs; {tokens} tokens of {weight.OutChannels} need {(long)tokens * weight.OutChannels}.",
                nameof(y)
            );
        CheckBias(weight, bias);
    }

    internal static void CheckBias(PaletteMatrix weight, ReadOnlySpan<float> bias)
    {
        if (bias.Length != 0 && bias.Length != weight.OutChannels)
            throw new ArgumentException($"{bias.Length} biases for {weight.OutChannels} channels.", nameof(bias));
    }
}
