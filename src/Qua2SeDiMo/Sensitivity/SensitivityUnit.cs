namespace Qua2SeDiMo.Sensitivity;

/// <summary>A subgraph that is scored as a whole (method.md, section 7).</summary>
/// <param name="Name">For instance <c>blocks.3.attn1</c>.</param>
/// <param name="Nodes">Nodes of the graph, in order; the last one is scored.</param>
/// <param name="Edges">Edges between positions in <paramref name="Nodes"/>.</param>
/// <param name="Hop">Depth of the unit: which hop's embedding is scored, 0 … 4.</param>
public sealed record SensitivityUnit(string Name, IReadOnlyList<int> Nodes, IReadOnlyList<(int Source, int Target)> Edges, int Hop);
