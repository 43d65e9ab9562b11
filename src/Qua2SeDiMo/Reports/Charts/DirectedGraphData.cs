namespace Qua2SeDiMo.Reports.Charts;

/// <summary>A directed graph to be drawn.</summary>
/// <param name="Title">What it is of.</param>
/// <param name="Nodes">In the order in which data reach them.</param>
/// <param name="Edges">Indices of source and target.</param>
internal sealed record DirectedGraphData(
    string Title,
    IReadOnlyList<DirectedGraphNode> Nodes,
    IReadOnlyList<(int Source, int Target)> Edges
)
{
    /// <summary>The kinds of nodes in order of first appearance.</summary>
    internal IReadOnlyList<string> Kinds { get; } = [.. Nodes.Select(node => node.Kind).Distinct()];
}

/// <summary>One node.</summary>
/// <param name="Name">Full name, shown on hover.</param>
/// <param name="Label">Short name inside its block, shown on the node.</param>
/// <param name="Kind">What it is; nodes of one kind look alike.</param>
/// <param name="Block">Name of the block that it is drawn with; empty for none.</param>
internal sealed record DirectedGraphNode(string Name, string Label, string Kind, string Block);
