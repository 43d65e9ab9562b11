using Qua2SeDiMo.Kernels.Layout;

namespace Qua2SeDiMo.Kernels.Operators;

/// <summary><c>PaletteMatMul</c>: [..., in] and a palette-coded weight give [..., out].</summary>
internal sealed class MatMulOperator(RuntimeApi api, nint info) : OperatorKernel(api, info, PaletteOperatorNames.MatMul)
{
    internal override void Compute(nint context)
    {
        RuntimeTensor input = Input(context);
        if (input.Shape.Length == 0 || input.Shape[^1] != In)
            throw Wrong($"an input [{string.Join(", ", input.Shape)}]; its last extent is to be {In}");
        ReadOnlySpan<float> x = Singles(input);
        PaletteMatrix weight = ReadWeight(context, In);
        ReadOnlySpan<float> bias = ReadBias(context);
        Span<float> y = Output(context, [.. input.Shape[..^1], Out]);
        int tokens = (int)(input.Count / In);
        if (tokens == 0)
            return;
        if (ActivationBits == 0)
            PaletteMatMul.Multiply(x, tokens, weight, bias, y, Runner(context));
        else
            PaletteMatMul.MultiplyQuantized(x, tokens, weight, bias, ActivationBits, y, Runner(context));
    }
}
