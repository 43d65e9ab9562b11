namespace Qua2SeDiMo.Graphs.Ir;

/// <summary>The operator that a weight belongs to.</summary>
internal enum WeightOperator
{
    /// <summary>y = x·Wᵀ + b, weight [out, in].</summary>
    Linear,

    /// <summary>One-dimensional convolution, weight [out, in, k].</summary>
    Conv1d,

    /// <summary>Two-dimensional convolution, weight [out, in / groups, kh, kw].</summary>
    Conv2d,
}

/// <summary>
/// A weight, or one part of a split weight, to which an option is assigned (method.md, section 2).
/// </summary>
/// <param name="Name">Module path without <c>.weight</c>; the second part of a split weight ends in <c>#1</c>.</param>
/// <param name="Operator">Operator that uses it.</param>
/// <param name="Shape">Shape of this part, output channels first: [out, in] or [out, in, kh, kw].</param>
/// <param name="TensorName">Tensor of the checkpoint that contains it.</param>
/// <param name="InputStart">First input channel (axis 1) of this part inside the tensor; 0 when whole.</param>
/// <param name="TensorInputs">Input channels (axis 1) of the whole tensor.</param>
internal sealed record QuantizableWeight(
    string Name,
    WeightOperator Operator,
    IReadOnlyList<long> Shape,
    string TensorName,
    long InputStart,
    long TensorInputs
)
{
    /// <summary>Separates the module path from the number of a part.</summary>
    private const char PartMark = '#';

    /// <summary>
    /// Name of the weight whose option this tied weight takes; null when it is not tied. Checkpoints of DiT store one
    /// timestep embedder per block, all alike: each is stored and counts in sizes, and all take the option of the first
    /// (method.md, section 2).
    /// </summary>
    public string? TiedTo { get; init; }

    /// <summary>C in the size formulas: output channels; UAQ and K-Means C store parameters for each.</summary>
    public int OutChannels => checked((int)Shape[0]);

    /// <summary>K: weights per output channel, kernels flattened.</summary>
    public int RowLength => checked((int)(ElementCount / Shape[0]));

    /// <summary>N: number of weights.</summary>
    public long ElementCount => Shape.Aggregate(1L, (product, extent) => checked(product * extent));

    /// <summary>Whether this is a part of a tensor that was split along its inputs.</summary>
    public bool IsPart => Shape[1] != TensorInputs;

    /// <summary>The module path of a weight's name, without the number of a part.</summary>
    internal static string WholeOf(string name) => name.IndexOf(PartMark) is >= 0 and int mark ? name[..mark] : name;
}
