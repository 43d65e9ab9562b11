using Qua2SeDiMo.Kernels.Convolutions;
using Qua2SeDiMo.Kernels.Decoding;
using Qua2SeDiMo.Kernels.Gemm;
using Qua2SeDiMo.Kernels.Layout;
using Qua2SeDiMo.Kernels.MicroKernels;
using Qua2SeDiMo.Kernels.Scheduling;

namespace Qua2SeDiMo.Kernels;

/// <summary>A variant that works through <see cref="PanelInstructions"/>.</summary>
internal sealed unsafe class PanelKernel(string name, bool supported, PanelInstructions instructions) : PaletteKernel
{
    internal override string Name => name;

    internal override string Description => instructions.Description;

    internal override bool IsSupported => supported;

    internal override void Multiply(float* x, int tokens, PaletteMatrix weight, float* bias, float* y, PartRunner run)
    {
        if (instructions.HasDotProducts && tokens <= FewTokensProduct.MostTokens && PaletteTable.Holds(weight.Spec.Bits)) new FewTokensProduct(x, tokens, weight, bias, y).Run(run);
        else new LinearProduct(instructions, x, tokens, weight, bias, y).Run(run);
    }

    internal override void MultiplyQuantized(float* x, int tokens, PaletteMatrix weight, float* bias, int activationBits, float* y, PartRunner run)
    {
        if (instructions.HasIntegerDotProducts && tokens <= VnniDotProduct.MostTokens && PaletteTable.Holds(weight.Spec.Bits)) new FewTokensIntegerProduct(x, tokens, weight, bias, activationBits, y).Run(run);
        else new IntegerProduct(instructions, x, tokens, weight, bias, activationBits, y).Run(run);
    }

    internal override void Convolve(ConvolutionShape shape, float* x, PaletteMatrix weight, float* bias, float* y, PartRunner run)
    {
        if (WinogradConvolution.Fits(shape)) new WinogradConvolution(instructions, shape, x, weight, bias, y).Run(run);
        else new ConvolutionProduct(instructions, shape, x, weight, bias, y).Run(run);
    }

    internal override void ConvolveQuantized(ConvolutionShape shape, float* x, PaletteMatrix weight, float* bias, int activationBits, float* y, PartRunner run)
    {
        ConvolutionShape one = shape with { Batch = 1 };
        // Images have their own ranges. Enough of them are shared out, so that threads meet once.
        if (shape.Batch >= Environment.ProcessorCount) run(shape.Batch, image => Convolve(image, PartRunners.Sequential));
        else for (int i = 0; i < shape.Batch; i++) Convolve(i, run);

        void Convolve(int index, PartRunner within)
        {
            using var image = new ImageQuantizer(one, x + ((long)index * shape.ImageLength), activationBits, instructions.IntegersPerWord, within);
            new IntegerConvolution(instructions, one, image, weight, bias, activationBits, y + ((long)index * weight.OutChannels * one.PositionCount)).Run(within);
        }
    }
}
