namespace Qua2SeDiMo.Reports.Charts;

/// <summary>Data of a drawing of a directed graph.</summary>
/// <param name="Title">Title of the drawing.</param>
/// <param name="Nodes">The nodes, in the order of data flow.</param>
/// <param name="Edges">Indices of the source and target node of each edge.</param>
internal sealed record DirectedGraphData(
    string Title,
    IReadOnlyList<DirectedGraphNode> Nodes,
    IReadOnlyList<(int Source, int Target)> Edges
)
{
    /// <summary>The kinds of nodes in order of first appearance.</summary>
    internal IReadOnlyList<string> Kinds { get; } = [.. Nodes.Select(node => node.Kind).Distinct()];
}

/// <summary>A node of the graph.</summary>
/// <param name="Name">Full name, shown on hover.</param>
/// <param name="Label">Short name inside its block, shown on the node.</param>
/// <param name="Kind">Kind of the node; nodes of one kind have the same style.</param>
/// <param name="Block">Name of the block in which it is drawn; empty for none.</param>
internal sealed record DirectedGraphNode(string Name, string Label, string Kind, string Block);
