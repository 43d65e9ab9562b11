using Qua2SeDiMo.Kernels.Layout;

namespace Qua2SeDiMo.Kernels.Operators;

/// <summary><c>PaletteConv</c>: [batch, in, height, width] and a palette-coded kernel give [batch, out, …, …].
/// Attributes are those of ONNX's Conv.</summary>
internal sealed class ConvOperator : OperatorKernel
{
    private readonly ConvolutionShape form;

    internal ConvOperator(RuntimeApi api, nint info)
        : base(api, info, PaletteOperatorNames.Conv)
    {
        long[] kernel = Extents(api.Attribute(info, "kernel_shape", []), 2, 1, "kernel_shape"),
            strides = Extents(api.Attribute(info, "strides", [1, 1]), 2, 1, "strides");
        long[] dilations = Extents(api.Attribute(info, "dilations", [1, 1]), 2, 1, "dilations"),
            pads = Extents(api.Attribute(info, "pads", [0, 0, 0, 0]), 4, 0, "pads");
        long groups = api.Attribute(info, "group", 1L);
        if (groups != 1)
            throw Wrong($"group = {groups}; only 1 is possible");
        form = new ConvolutionShape(1, (int)In, 1, 1)
        {
            KernelHeight = (int)kernel[0],
            KernelWidth = (int)kernel[1],
            StrideHeight = (int)strides[0],
            StrideWidth = (int)strides[1],
            DilationHeight = (int)dilations[0],
            DilationWidth = (int)dilations[1],
            PadTop = (int)pads[0],
            PadLeft = (int)pads[1],
            PadBottom = (int)pads[2],
            PadRight = (int)pads[3],
        };
    }

    internal override void Compute(nint context)
    {
        RuntimeTensor input = Input(context);
        ReadOnlySpan<float> x = Singles(input);
        if (input.Shape is not [long batch, long channels, long height, long width] || channels != In)
            throw Wrong($"an input [{string.Join(", ", input.Shape)}]; [batch, {In}, height, width] is expected");
        PaletteMatrix weight = ReadWeight(context, checked(In * form.KernelHeight * form.KernelWidth));
        ReadOnlySpan<float> bias = ReadBias(context);
        ConvolutionShape shape = form with { Batch = (int)batch, Height = (int)height, Width = (int)width };
        if (shape.OutHeight < 1 || shape.OutWidth < 1)
            throw Wrong($"an input of {height} × {width}, smaller than the kernel");
        Span<float> y = Output(context, [batch, Out, shape.OutHeight, shape.OutWidth]);
        if (batch == 0)
            return;
        if (ActivationBits == 0)
            PaletteConvolution.Convolve(shape, x, weight, bias, y, Runner(context));
        else
            PaletteConvolution.ConvolveQuantized(shape, x, weight, bias, ActivationBits, y, Runner(context));
    }

    // Bounds keep the arithmetic on extents inside 32 bits.
    private long[] Extents(long[] values, int count, long least, string attribute)
    {
        const long most = 1 << 14;
        foreach (long value in values)
        {
            if (value < least || value > most)
                throw Wrong($"{attribute} holds {value}; {least} to {most} is possible");
        }
        return values.Length == count ? values : throw Wrong($"{attribute} has {values.Length} numbers, not {count}");
    }
}
