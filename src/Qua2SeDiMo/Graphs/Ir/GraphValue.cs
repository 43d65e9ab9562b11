using Qua2SeDiMo.Kernels.Codes;

namespace Qua2SeDiMo.Graphs.Ir;

/// <summary>A tensor that flows through a graph: an input, an initializer or the output of one node.</summary>
/// <param name="Name">Unique within the graph; for a node output, the module path and the operator.</param>
/// <param name="Type">Element type.</param>
/// <param name="Shape">Row-major extents; empty for a scalar.</param>
internal sealed record GraphValue(string Name, ElementType Type, IReadOnlyList<Dimension> Shape)
{
    /// <summary>Number of axes.</summary>
    public int Rank => Shape.Count;

    /// <summary>Extent of an axis; negative axes count from the end.</summary>
    public Dimension this[int axis] => Shape[axis < 0 ? axis + Rank : axis];

    /// <summary>For instance <c>float32 [batch, 4, 16, 16]</c>.</summary>
    public string TypeText => $"{Type.ToString().ToLowerInvariant()} [{string.Join(", ", Shape)}]";

    /// <inheritdoc/>
    public override string ToString() => $"{Name}: {TypeText}";
}
