using System.Buffers;
using Qua2SeDiMo.Kernels.Codes;
using Qua2SeDiMo.Kernels.Convolutions;
using Qua2SeDiMo.Kernels.Layout;
using Qua2SeDiMo.Kernels.Scheduling;

namespace Qua2SeDiMo.Kernels;

/// <summary>Two-dimensional convolutions with palette-coded weights, images as [batch, channel, height, width] in and
/// out.</summary>
public static class PaletteConvolution
{
    /// <summary>Convolves in single precision.</summary>
    /// <param name="shape">Extents; its <see cref="ConvolutionShape.RowLength"/> is the weight's K.</param>
    /// <param name="x">[batch, inChannels, height, width].</param>
    /// <param name="weight">C × (inChannels·kernelHeight·kernelWidth).</param>
    /// <param name="bias">C values, or empty.</param>
    /// <param name="y">[batch, C, outHeight, outWidth]; must not overlap <paramref name="x"/>.</param>
    /// <param name="run">How work items are spread over threads; on the calling thread when null. The result does not
    /// depend on it.</param>
    /// <exception cref="ArgumentException">The shape is invalid or a length does not match it.</exception>
    /// <exception cref="KernelException"><c>Q2_KERNEL</c> names no variant that can run.</exception>
    public static void Convolve(
        ConvolutionShape shape,
        ReadOnlySpan<float> x,
        PaletteMatrix weight,
        ReadOnlySpan<float> bias,
        Span<float> y,
        WorkRunner? run = null
    ) => ConvolveWith(KernelSelector.Active, shape, x, weight, bias, y, run);

    /// <summary>
    /// Convolves quantized activations: each channel of each image is quantized online
    /// (<see cref="ActivationQuantizer"/>) and then padded with zeros. Sums are in single precision where
    /// <see cref="WinogradConvolution"/> saves multiplications, for kernels of more than 256 taps and for fewer than 32
    /// output positions. All other sums are of integers, and every variant gives the same bits. Since each input
    /// channel has its own activation scale, that scale is folded into the weights, which are then quantized to 8 bits
    /// in units that channels of similar scales share (<see cref="ScaleGroups"/>). The error of a product is at most
    /// 1/254 of the largest palette entry times that unit times the distance of the activation's code from the middle
    /// code. With integer sums, an image that holds a NaN or an infinity gives NaN.
    /// </summary>
    /// <inheritdoc cref="Convolve(ConvolutionShape, ReadOnlySpan{float}, PaletteMatrix, ReadOnlySpan{float}, Span{float}, WorkRunner?)"/>
    /// <param name="activationBits">2 to 8.</param>
#pragma warning disable CS1573 // The other parameters are inherited.
    public static void ConvolveQuantized(
        ConvolutionShape shape,
        ReadOnlySpan<float> x,
        PaletteMatrix weight,
        ReadOnlySpan<float> bias,
        int activationBits,
        Span<float> y,
        WorkRunner? run = null
    )
#pragma warning restore CS1573
    {
        Check(shape, x, weight, bias, y);
        if (AddsIntegers(shape))
            ConvolveIntegersWith(KernelSelector.Active, shape, x, weight, bias, activationBits, y, run);
        else
            ConvolveQuantizedFloatsWith(KernelSelector.Active, shape, x, weight, bias, activationBits, y, run);
    }

    // Weights are decoded once per image, which costs more than it saves for fewer positions than this.
    private const int MinIntegerPositions = 32;

    /// <summary>Whether <see cref="ConvolveQuantized"/> sums integers; it depends on the shape alone.</summary>
    internal static bool AddsIntegers(ConvolutionShape shape) =>
        shape.OutHeight * shape.OutWidth >= MinIntegerPositions
        && shape.TapCount <= IntegerConvolution.MaxTaps
        && !WinogradConvolution.Fits(shape);

    internal static unsafe void ConvolveIntegersWith(
        PaletteKernel kernel,
        ConvolutionShape shape,
        ReadOnlySpan<float> x,
        PaletteMatrix weight,
        ReadOnlySpan<float> bias,
        int activationBits,
        Span<float> y,
        WorkRunner? run
    )
    {
        Check(shape, x, weight, bias, y);
        CheckBits(activationBits);
        fixed (
            float* source = x,
                added = bias,
                target = y
        )
            kernel.ConvolveQuantized(
                shape,
                source,
                weight,
                added,
                activationBits,
                target,
                run ?? WorkRunners.Sequential
            );
    }

    private static unsafe void ConvolveQuantizedFloatsWith(
        PaletteKernel kernel,
        ConvolutionShape shape,
        ReadOnlySpan<float> x,
        PaletteMatrix weight,
        ReadOnlySpan<float> bias,
        int activationBits,
        Span<float> y,
        WorkRunner? run
    )
    {
        CheckBits(activationBits);
        run ??= WorkRunners.Sequential;
        float[] quantized = ArrayPool<float>.Shared.Rent(x.Length);
        int size = checked(shape.Height * shape.Width);
        fixed (float* start = x)
        {
            float* source = start;
            run(
                shape.Batch * shape.InChannels,
                channel =>
                    ActivationQuantizer.Quantize(
                        new ReadOnlySpan<float>(source + ((long)channel * size), size),
                        size,
                        activationBits,
                        quantized.AsSpan(channel * size, size)
                    )
            );
        }
        ConvolveWith(kernel, shape, quantized.AsSpan(0, x.Length), weight, bias, y, run);
        ArrayPool<float>.Shared.Return(quantized);
    }

    internal static unsafe void ConvolveWith(
        PaletteKernel kernel,
        ConvolutionShape shape,
        ReadOnlySpan<float> x,
        PaletteMatrix weight,
        ReadOnlySpan<float> bias,
        Span<float> y,
        WorkRunner? run
    )
    {
        Check(shape, x, weight, bias, y);
        fixed (
            float* source = x,
                added = bias,
                target = y
        )
            kernel.Convolve(shape, source, weight, added, target, run ?? WorkRunners.Sequential);
    }

    private static void Check(
        ConvolutionShape shape,
        ReadOnlySpan<float> x,
        PaletteMatrix weight,
        ReadOnlySpan<float> bias,
        Span<float> y
    )
    {
        ArgumentNullException.ThrowIfNull(shape);
        ArgumentNullException.ThrowIfNull(weight);
        shape.Check();
        if (shape.RowLength != weight.RowLength)
            throw new ArgumentException(
                $"{shape.RowLength} inputs of an output value, but the weight has {weight.RowLength}.",
                nameof(weight)
            );
        long inputs = (long)shape.Batch * shape.InChannels * shape.Height * shape.Width,
            outputs = (long)shape.Batch * weight.OutChannels * shape.OutHeight * shape.OutWidth;
        if (x.Length != inputs)
            throw new ArgumentException($"{x.Length} inputs; {shape} needs {inputs}.", nameof(x));
        if (y.Length != outputs)
            throw new ArgumentException($"{y.Length} outputs; {shape} gives {outputs}.", nameof(y));
        PaletteMatMul.CheckBias(weight, bias);
    }

    private static void CheckBits(int activationBits)
    {
        if (activationBits is < 2 or > 8)
            throw new ArgumentOutOfRangeException(
                nameof(activationBits),
                activationBits,
                "An activation code has 2 to 8 bits."
            );
    }
}
