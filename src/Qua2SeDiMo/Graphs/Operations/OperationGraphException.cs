namespace Qua2SeDiMo.Graphs.Operations;

/// <summary>A graph cannot be contracted to a sensitivity graph.</summary>
public sealed class OperationGraphException(string message) : Q2Exception(message);
