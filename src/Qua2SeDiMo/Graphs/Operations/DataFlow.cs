namespace Qua2SeDiMo.Graphs.Operations;

/// <summary>
/// State of one value during the contraction: the node that its data come from, and the operators passed since. A value
/// has at most one source: where data of two sources meet, a node is made.
/// </summary>
/// <param name="Source">Node; −1 when no weight lies upstream.</param>
/// <param name="Factor">Node of a condition that scaled the stream since its source, when no node represents the
/// scaling yet; −1 when none.</param>
internal sealed record DataFlow(int Source, int Factor = -1)
{
    /// <summary>Inputs of the model and values computed only from them.</summary>
    internal static DataFlow None { get; } = new(-1);

    /// <summary>Initializers and values computed only from them.</summary>
    internal static DataFlow Constant { get; } = new(-1) { IsConstant = true };

    internal bool IsConstant { get; init; }

    /// <summary>Index of the quantizable weight when the value is one, possibly transposed or converted; −1 for all
    /// other values.</summary>
    internal int Weight { get; init; } = -1;

    /// <summary>Module that scaled the stream by <see cref="Factor"/>.</summary>
    internal string FactorScope { get; init; } = "";

    internal bool IsSoftmaxed { get; init; }

    /// <summary>A mean was taken: the value is a statistic of its source.</summary>
    internal bool IsReduced { get; init; }

    /// <summary>Axes of extent 1 were added since the source, which usually prepares a broadcast along them.</summary>
    internal bool IsRaised { get; init; }

    internal bool IsNormalised { get; init; }

    /// <summary>Axis along which <see cref="Parts"/> are concatenated.</summary>
    internal int Axis { get; init; }

    /// <summary>Extent and source of each part of a concatenation; null when the value is no concatenation.</summary>
    internal IReadOnlyList<(long Extent, DataFlow Flow)>? Parts { get; init; }
}
