using Qua2SeDiMo.Kernels.Layout;
using Qua2SeDiMo.Kernels.Scheduling;

namespace Qua2SeDiMo.Kernels.Operators;

/// <summary>One node of a session: its attributes and its computation. Several threads may call it at the same
/// time.</summary>
internal abstract unsafe class OperatorKernel
{
    private const int Weight = 1;
    private const int Bias = 2;
    private readonly long bits;

    /// <exception cref="OperatorException">An attribute is missing or out of range.</exception>
    protected OperatorKernel(RuntimeApi api, nint info, string name)
    {
        (Api, Name) = (api, name);
        In = api.Attribute(info, PaletteOperatorNames.In, 0L);
        Out = api.Attribute(info, PaletteOperatorNames.Out, 0L);
        bits = api.Attribute(info, PaletteOperatorNames.Bits, 0L);
        ActivationBits = (int)Math.Clamp(api.Attribute(info, PaletteOperatorNames.ActivationBits, 0L), -1, 99);
        if (In is < 1 or > int.MaxValue || Out is < 1 or > int.MaxValue)
            throw Wrong($"attributes in = {In} and out = {Out}; both are positive 32-bit numbers");
        if (ActivationBits is not (0 or (>= 2 and <= 8)))
            throw Wrong($"activation_bits = {ActivationBits}; 0 or 2 to 8 is possible");
    }

    /// <summary>The runtime that created the node.</summary>
    internal RuntimeApi Api { get; }

    /// <summary>Name of the operator, for messages.</summary>
    protected string Name { get; }

    /// <summary>Input features or channels.</summary>
    protected long In { get; }

    /// <summary>Output features or channels.</summary>
    protected long Out { get; }

    /// <summary>Bits of a quantized activation, 2 to 8; 0 for single precision.</summary>
    protected int ActivationBits { get; }

    /// <summary>Reads the attributes of a node.</summary>
    /// <exception cref="OperatorException">An attribute is missing or out of range.</exception>
    internal static OperatorKernel Create(PaletteOperator kind, RuntimeApi api, nint info) =>
        kind == PaletteOperator.MatMul ? new MatMulOperator(api, info) : new ConvOperator(api, info);

    /// <summary>Computes the output of one call.</summary>
    /// <param name="context">OrtKernelContext: inputs, outputs and threads of the call.</param>
    /// <exception cref="OperatorException">The inputs do not fit the attributes or each other.</exception>
    internal abstract void Compute(nint context);

    protected RuntimeTensor Input(nint context) => Api.Input(context, 0) ?? throw Wrong("no input");

    /// <summary>The weight, not copied. Its header is checked at every call, since a caller may bind another weight
    /// each time.</summary>
    protected PaletteMatrix ReadWeight(nint context, long rowLength)
    {
        RuntimeTensor data = Api.Input(context, Weight) ?? throw Wrong("no weight");
        PaletteMatrix matrix;
        try
        {
            matrix = PaletteMatrix.View((byte*)data.Data, data.Count);
        }
        catch (Exception error) when (error is Q2Exception or OverflowException)
        {
            throw Wrong(error.Message);
        }
        if (matrix.OutChannels != Out || matrix.RowLength != rowLength || (bits != 0 && bits != matrix.Spec.Bits))
        {
            throw Wrong(
                $"a weight of {matrix.OutChannels} × {matrix.RowLength} codes of {matrix.Spec.Bits} bits where "
                    + $"the attributes say {Out} × {rowLength} of {bits}"
            );
        }
        return matrix;
    }

    protected ReadOnlySpan<float> ReadBias(nint context)
    {
        if (Api.InputCount(context) <= Bias || Api.Input(context, Bias) is not { } bias)
            return [];
        return bias.Count == Out ? Singles(bias) : throw Wrong($"{bias.Count} biases for {Out} outputs");
    }

    protected ReadOnlySpan<float> Singles(RuntimeTensor tensor) =>
        tensor.Count <= int.MaxValue
            ? new ReadOnlySpan<float>((float*)tensor.Data, (int)tensor.Count)
            : throw Wrong($"{tensor.Count} elements, more than {int.MaxValue}");

    protected Span<float> Output(nint context, ReadOnlySpan<long> shape)
    {
        long count = 1;
        foreach (long extent in shape)
            count = checked(count * extent);
        return count <= int.MaxValue
            ? new Span<float>(Api.Output(context, 0, shape), (int)count)
            : throw Wrong($"{count} outputs, more than {int.MaxValue}");
    }

    protected WorkRunner Runner(nint context) => (count, item) => RuntimeParallel.For(Api, context, count, item);

    protected OperatorException Wrong(string found) => new($"{Name}: {found}.");
}
