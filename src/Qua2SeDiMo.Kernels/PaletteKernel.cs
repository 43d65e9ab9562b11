using Qua2SeDiMo.Kernels.Layout;
using Qua2SeDiMo.Kernels.Scheduling;

namespace Qua2SeDiMo.Kernels;

/// <summary>A named variant of all products. All variants read the same layout; the scalar one is the
/// specification.</summary>
internal abstract class PaletteKernel
{
    /// <summary>The name by which <c>Q2_KERNEL</c> selects the variant.</summary>
    internal abstract string Name { get; }

    /// <summary>Short text that names the vector widths and instructions.</summary>
    internal abstract string Description { get; }

    /// <summary>Whether this processor can run it.</summary>
    internal abstract bool IsSupported { get; }

    /// <summary>y[t, c] = Σ_k x[t, k]·w[c, k] + bias[c].</summary>
    internal abstract unsafe void Multiply(
        float* x,
        int tokens,
        PaletteMatrix weight,
        float* bias,
        float* y,
        WorkRunner run
    );

    /// <summary>Quantized activations of 2 to 8 bits and integer sums; see
    /// <see cref="PaletteMatMul.MultiplyQuantized"/>.</summary>
    internal abstract unsafe void MultiplyQuantized(
        float* x,
        int tokens,
        PaletteMatrix weight,
        float* bias,
        int activationBits,
        float* y,
        WorkRunner run
    );

    /// <summary>Convolution; see <see cref="PaletteConvolution.Convolve"/>.</summary>
    internal abstract unsafe void Convolve(
        ConvolutionShape shape,
        float* x,
        PaletteMatrix weight,
        float* bias,
        float* y,
        WorkRunner run
    );

    /// <summary>Quantized activations of 2 to 8 bits and integer sums; see
    /// <see cref="PaletteConvolution.ConvolveQuantized"/>.</summary>
    internal abstract unsafe void ConvolveQuantized(
        ConvolutionShape shape,
        float* x,
        PaletteMatrix weight,
        float* bias,
        int activationBits,
        float* y,
        WorkRunner run
    );
}
