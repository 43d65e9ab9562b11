namespace Qua2SeDiMo.Quantizers.Kernels;

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

    internal override void MultiplyQuantized(float* x, int tokens, PaletteMatrix weight, float* bias, int activationBits, float* y, PartRunner run) =>
        new IntegerProduct(instructions, x, tokens, weight, bias, activationBits, y).Run(run);

    internal override void Convolve(ConvolutionShape shape, float* x, PaletteMatrix weight, float* bias, float* y, PartRunner run)
    {
        for (int image = 0; image < shape.Batch; image++) new ConvolutionProduct(instructions, shape, x, image, weight, bias, y).Run(run);
    }
}
