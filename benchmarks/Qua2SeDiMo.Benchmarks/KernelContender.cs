using Qua2SeDiMo.Kernels;
using Qua2SeDiMo.Kernels.Layout;

namespace Qua2SeDiMo.Benchmarks;

/// <summary>Products and convolutions of this build, prepared for another program that loads its assembly beside one of
/// another build and calls both in turns. Types of the class library only, so that both builds fit one caller.</summary>
public static class KernelContender
{
    /// <summary>A product by K-Means C weights of random codes.</summary>
    /// <param name="outChannels">C.</param>
    /// <param name="rowLength">K.</param>
    /// <param name="tokens">Rows of the input.</param>
    /// <param name="bits">Bits of a code, 3 or 4.</param>
    /// <param name="activationBits">Bits of a quantized activation; 0 multiplies in single precision.</param>
    /// <param name="threads">Threads, the caller's included.</param>
    /// <returns>Runs the product once.</returns>
    public static Action Linear(int outChannels, int rowLength, int tokens, int bits, int activationBits, int threads)
    {
        float[] x = MatMulBenchmark.Normal(tokens * rowLength),
            y = new float[tokens * outChannels],
            bias = new float[outChannels];
        PaletteMatrix weight = MatMulBenchmark.Quantized(bits, outChannels, rowLength).Matrix;
        var pool = new WorkPool(threads);
        return activationBits == 0
            ? () => PaletteMatMul.Multiply(x, tokens, weight, bias, y, pool.Run)
            : () => PaletteMatMul.MultiplyQuantized(x, tokens, weight, bias, activationBits, y, pool.Run);
    }

    /// <summary>A convolution of one square image, padded by half of its kernel.</summary>
    /// <param name="inChannels">Input channels.</param>
    /// <param name="outChannels">Output channels.</param>
    /// <param name="side">Side of the image in positions.</param>
    /// <param name="kernel">Side of the kernel, odd.</param>
    /// <param name="stride">Stride.</param>
    /// <param name="bits">Bits of a code, 3 or 4.</param>
    /// <param name="activationBits">Bits of a quantized activation; 0 multiplies in single precision.</param>
    /// <param name="threads">Threads, the caller's included.</param>
    /// <returns>Runs the convolution once.</returns>
    public static Action Convolution(
        int inChannels,
        int outChannels,
        int side,
        int kernel,
        int stride,
        int bits,
        int activationBits,
        int threads
    )
    {
        ConvolutionShape shape = MatMulBenchmark.Padded(inChannels, side, kernel, stride);
        float[] x = MatMulBenchmark.Normal(inChannels * side * side),
            y = new float[outChannels * shape.OutHeight * shape.OutWidth],
            bias = new float[outChannels];
        PaletteMatrix weight = MatMulBenchmark.Quantized(bits, outChannels, shape.RowLength).Matrix;
        var pool = new WorkPool(threads);
        return activationBits == 0
            ? () => PaletteConvolution.Convolve(shape, x, weight, bias, y, pool.Run)
            : () => PaletteConvolution.ConvolveQuantized(shape, x, weight, bias, activationBits, y, pool.Run);
    }
}
