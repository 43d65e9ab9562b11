using System.Buffers;
using Qua2SeDiMo.Kernels.Codes;
using Qua2SeDiMo.Kernels.Convolutions;
using Qua2SeDiMo.Kernels.Layout;
using Qua2SeDiMo.Kernels.Scheduling;

namespace Qua2SeDiMo.Kernels;

/// <summary>Two-dimensional convolutions with palette-coded weights, images as [batch, channel, height, width] in and out.</summary>
public static class PaletteConvolution
{
    /// <summary>Convolves in single precision.</summary>
    /// <param name="shape">Extents; its <see cref="ConvolutionShape.RowLength"/> is the weight's K.</param>
    /// <param name="x">[batch, inChannels, height, width].</param>
    /// <param name="weight">C × (inChannels·kernelHeight·kernelWidth).</param>
    /// <param name="bias">C values, or empty.</param>
    /// <param name="y">[batch, C, outHeight, outWidth]; must not overlap <paramref name="x"/>.</param>
    /// <param name="run">How parts are spread over threads; on the calling thread when null. The result does not depend on it.</param>
    /// <exception cref="ArgumentException">The shape is impossible or a length does not fit.</exception>
    /// <exception cref="KernelException"><c>Q2_KERNEL</c> names no variant that can run.</exception>
    public static void Convolve(ConvolutionShape shape, ReadOnlySpan<float> x, PaletteMatrix weight, ReadOnlySpan<float> bias, Span<float> y, PartRunner? run = null) =>
        ConvolveWith(KernelSelector.Active, shape, x, weight, bias, y, run);

    /// <summary>
    /// The same with each channel of each image quantized online to so many bits first (<see cref="ActivationQuantizer"/>), padding zeros after that. Where a transformed
    /// product needs a quarter of the multiplications (<see cref="WinogradConvolution"/>), for kernels of more than 256 places and for few positions, it is added up in
    /// single precision; everywhere else in integers, with the same bits in every variant: since ranges belong to input channels, a weight takes over its channel's step before it is rounded to
    /// 8 bits, in units that channels of similar steps share (<see cref="StepGroups"/>). Its product is off by at most 1/254 of the largest palette entry times that unit, for each code that
    /// its activation is away from the middle one. An image that holds a NaN or an infinity then gives NaN.
    /// </summary>
    /// <inheritdoc cref="Convolve(ConvolutionShape, ReadOnlySpan{float}, PaletteMatrix, ReadOnlySpan{float}, Span{float}, PartRunner?)"/>
    /// <param name="activationBits">2 to 8.</param>
#pragma warning disable CS1573 // The other parameters are inherited.
    public static void ConvolveQuantized(ConvolutionShape shape, ReadOnlySpan<float> x, PaletteMatrix weight, ReadOnlySpan<float> bias, int activationBits, Span<float> y, PartRunner? run = null)
#pragma warning restore CS1573
    {
        Check(shape, x, weight, bias, y);
        if (AddsIntegers(shape)) ConvolveIntegersWith(KernelSelector.Active, shape, x, weight, bias, activationBits, y, run);
        else ConvolveRoundedWith(KernelSelector.Active, shape, x, weight, bias, activationBits, y, run);
    }

    // Weights are decoded anew for each image: that pays only when so many positions share them.
    private const int FewestIntegerPositions = 32;

    /// <summary>How <see cref="ConvolveQuantized"/> adds; it depends on nothing else.</summary>
    internal static bool AddsIntegers(ConvolutionShape shape) =>
        shape.OutHeight * shape.OutWidth >= FewestIntegerPositions && shape.TapCount <= IntegerConvolution.MostTaps && !WinogradConvolution.Fits(shape);

    internal static unsafe void ConvolveIntegersWith(PaletteKernel kernel, ConvolutionShape shape, ReadOnlySpan<float> x, PaletteMatrix weight, ReadOnlySpan<float> bias, int activationBits,
        Span<float> y, PartRunner? run)
    {
        Check(shape, x, weight, bias, y);
        CheckBits(activationBits);
        fixed (float* source = x, added = bias, target = y) kernel.ConvolveQuantized(shape, source, weight, added, activationBits, target, run ?? PartRunners.Sequential);
    }

    private static unsafe void ConvolveRoundedWith(PaletteKernel kernel, ConvolutionShape shape, ReadOnlySpan<float> x, PaletteMatrix weight, ReadOnlySpan<float> bias, int activationBits,
        Span<float> y, PartRunner? run)
    {
        CheckBits(activationBits);
        run ??= PartRunners.Sequential;
        float[] rounded = ArrayPool<float>.Shared.Rent(x.Length);
        int size = checked(shape.Height * shape.Width);
        fixed (float* start = x)
        {
            float* source = start;
            run(shape.Batch * shape.InChannels, channel => ActivationQuantizer.Quantize(new ReadOnlySpan<float>(source + ((long)channel * size), size), size, activationBits, rounded.AsSpan(channel * size, size)));
        }
        ConvolveWith(kernel, shape, rounded.AsSpan(0, x.Length), weight, bias, y, run);
        ArrayPool<float>.Shared.Return(rounded);
    }

    internal static unsafe void ConvolveWith(PaletteKernel kernel, ConvolutionShape shape, ReadOnlySpan<float> x, PaletteMatrix weight, ReadOnlySpan<float> bias, Span<float> y, PartRunner? run)
    {
        Check(shape, x, weight, bias, y);
        fixed (float* source = x, added = bias, target = y) kernel.Convolve(shape, source, weight, added, target, run ?? PartRunners.Sequential);
    }

    private static void Check(ConvolutionShape shape, ReadOnlySpan<float> x, PaletteMatrix weight, ReadOnlySpan<float> bias, Span<float> y)
    {
        ArgumentNullException.ThrowIfNull(shape);
        ArgumentNullException.ThrowIfNull(weight);
        shape.Check();
        if (shape.RowLength != weight.RowLength) throw new ArgumentException($"{shape.RowLength} inputs of an output value, but the weight has {weight.RowLength}.", nameof(weight));
        long inputs = (long)shape.Batch * shape.InChannels * shape.Height * shape.Width, outputs = (long)shape.Batch * weight.OutChannels * shape.OutHeight * shape.OutWidth;
        if (x.Length != inputs) throw new ArgumentException($"{x.Length} inputs; {shape} needs {inputs}.", nameof(x));
        if (y.Length != outputs) throw new ArgumentException($"{y.Length} outputs; {shape} gives {outputs}.", nameof(y));
        PaletteMatMul.CheckBias(weight, bias);
    }

    private static void CheckBits(int activationBits)
    {
        if (activationBits is < 2 or > 8) throw new ArgumentOutOfRangeException(nameof(activationBits), activationBits, "An activation code has 2 to 8 bits.");
    }
}
