namespace Qua2SeDiMo.Graphs.Operations;

/// <summary>Position of a weight in the network, for tables and figures.</summary>
/// <param name="Name">Module path, or the name in an imported graph.</param>
/// <param name="Block">Name of the block; "outside" or empty when the weight belongs to none.</param>
/// <param name="LayerType">Operator type.</param>
/// <param name="Parameters">Number of elements; in an imported graph without shapes, the original bytes divided by the
/// original precision.</param>
public sealed record WeightPosition(string Name, string Block, string LayerType, long Parameters);
