using Qua2SeDiMo.Kernels.Convolutions;
using Qua2SeDiMo.Kernels.Decoding;
using Qua2SeDiMo.Kernels.Gemm;
using Qua2SeDiMo.Kernels.Layout;
using Qua2SeDiMo.Kernels.MicroKernels;
using Qua2SeDiMo.Kernels.Scheduling;

namespace Qua2SeDiMo.Kernels;

/// <summary>A variant built on a <see cref="MicroKernelSet"/>.</summary>
internal sealed unsafe class PanelKernel(string name, bool supported, MicroKernelSet micro) : PaletteKernel
{
    internal override string Name => name;

    internal override string Description => micro.Description;

    internal override bool IsSupported => supported;

    internal override void Multiply(float* x, int tokens, PaletteMatrix weight, float* bias, float* y, WorkRunner run)
    {
        if (micro.HasDotProducts && tokens <= SkinnyGemm.MaxTokens && PaletteTable.Holds(weight.Spec.Bits))
            new SkinnyGemm(x, tokens, weight, bias, y).Run(run);
        else
            new LinearProduct(micro, x, tokens, weight, bias, y).Run(run);
    }

    internal override void MultiplyQuantized(
        float* x,
        int tokens,
        PaletteMatrix weight,
        float* bias,
        int activationBits,
        float* y,
        WorkRunner run
    )
    {
        if (micro.HasIntegerDotProducts && tokens <= VnniDotProduct.MaxTokens && PaletteTable.Holds(weight.Spec.Bits))
            new SkinnyIntegerGemm(x, tokens, weight, bias, activationBits, y).Run(run);
        else
            new IntegerProduct(micro, x, tokens, weight, bias, activationBits, y).Run(run);
    }

    internal override void Convolve(
        ConvolutionShape shape,
        float* x,
        PaletteMatrix weight,
        float* bias,
        float* y,
        WorkRunner run
    )
    {
        if (WinogradConvolution.Fits(shape))
            new WinogradConvolution(micro, shape, x, weight, bias, y).Run(run);
        else
            new ConvolutionProduct(micro, shape, x, weight, bias, y).Run(run);
    }

    internal override void ConvolveQuantized(
        ConvolutionShape shape,
        float* x,
        PaletteMatrix weight,
        float* bias,
        int activationBits,
        float* y,
        WorkRunner run
    )
    {
        ConvolutionShape one = shape with { Batch = 1 };
        // Each image has its own ranges. With at least as many images as processors, each image is one work item, so
        // that threads synchronize only once.
        if (shape.Batch >= Environment.ProcessorCount)
            run(shape.Batch, image => Convolve(image, WorkRunners.Sequential));
        else
            for (int i = 0; i < shape.Batch; i++)
                Convolve(i, run);

        void Convolve(int index, WorkRunner within)
        {
            using var image = new ImageQuantizer(
                one,
                x + ((long)index * shape.ImageLength),
                activationBits,
                micro.IntegersPerWord,
                within
            );
            new IntegerConvolution(
                micro,
                one,
                image,
                weight,
                bias,
                activationBits,
                y + ((long)index * weight.OutChannels * one.PositionCount)
            ).Run(within);
        }
    }
}
