namespace Qua2SeDiMo.Graphs.Operations;

/// <summary>Where a weight is in the network, for tables and figures.</summary>
/// <param name="Name">Its module path, or its name in a graph from outside.</param>
/// <param name="Block">Block; "outside" or empty where it belongs to none.</param>
/// <param name="LayerType">Operator type.</param>
/// <param name="Parameters">Number of its elements; in a graph from outside without shapes, its bytes by the original
/// precision.</param>
public sealed record WeightPosition(string Name, string Block, string LayerType, long Parameters);
