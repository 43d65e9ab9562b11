using System.Buffers;

namespace Qua2SeDiMo.Quantizers.Kernels;

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

    /// <summary>The same with each channel of each image quantized online to so many bits first (<see cref="ActivationQuantizer"/>), padding zeros after that.</summary>
    /// <inheritdoc cref="Convolve(ConvolutionShape, ReadOnlySpan{float}, PaletteMatrix, ReadOnlySpan{float}, Span{float}, PartRunner?)"/>
    /// <param name="activationBits">2 to 8.</param>
#pragma warning disable CS1573 // The other parameters are inherited.
    public static void ConvolveQuantized(ConvolutionShape shape, ReadOnlySpan<float> x, PaletteMatrix weight, ReadOnlySpan<float> bias, int activationBits, Span<float> y, PartRunner? run = null)
#pragma warning restore CS1573
    {
        ArgumentNullException.ThrowIfNull(shape);
        shape.Check();
        float[] quantized = ArrayPool<float>.Shared.Rent(x.Length);
        try
        {
            ActivationQuantizer.Quantize(x, checked(shape.Height * shape.Width), activationBits, quantized.AsSpan(0, x.Length));
            Convolve(shape, quantized.AsSpan(0, x.Length), weight, bias, y, run);
        }
        finally
        {
            ArrayPool<float>.Shared.Return(quantized);
        }
    }

    internal static unsafe void ConvolveWith(PaletteKernel kernel, ConvolutionShape shape, ReadOnlySpan<float> x, PaletteMatrix weight, ReadOnlySpan<float> bias, Span<float> y, PartRunner? run)
    {
        ArgumentNullException.ThrowIfNull(shape);
        ArgumentNullException.ThrowIfNull(weight);
        shape.Check();
        if (shape.RowLength != weight.RowLength) throw new ArgumentException($"{shape.RowLength} inputs of an output value, but the weight has {weight.RowLength}.", nameof(weight));
        long inputs = (long)shape.Batch * shape.InChannels * shape.Height * shape.Width, outputs = (long)shape.Batch * weight.OutChannels * shape.OutHeight * shape.OutWidth;
        if (x.Length != inputs) throw new ArgumentException($"{x.Length} inputs; {shape} needs {inputs}.", nameof(x));
        if (y.Length != outputs) throw new ArgumentException($"{y.Length} outputs; {shape} gives {outputs}.", nameof(y));
        PaletteMatMul.CheckBias(weight, bias);
        fixed (float* source = x, added = bias, target = y) kernel.Convolve(shape, source, weight, added, target, run ?? PartRunners.Sequential);
    }
}
