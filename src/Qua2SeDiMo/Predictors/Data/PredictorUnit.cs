namespace Qua2SeDiMo.Predictors.Data;

/// <summary>A subgraph that is scored as a whole: the network gets it as a separate graph (method.md, section
/// 7).</summary>
/// <param name="Name">Display name.</param>
/// <param name="Kind">For instance <c>SelfAttention</c>.</param>
/// <param name="Hop">m: the unit's score is read from the m-hop embedding of its last node.</param>
/// <param name="Nodes">Node indices in the whole graph; the last one is the unit's output.</param>
/// <param name="Edges">Edges within the unit, as positions in <paramref name="Nodes"/>.</param>
/// <param name="Weights">Indices of the weights among the nodes, in node order.</param>
internal sealed record PredictorUnit(
    string Name,
    string Kind,
    int Hop,
    IReadOnlyList<int> Nodes,
    IReadOnlyList<(int Source, int Target)> Edges,
    IReadOnlyList<int> Weights
);
