namespace Qua2SeDiMo.Graphs.Operations;

/// <summary>Thrown when a graph cannot be contracted to a sensitivity graph.</summary>
internal sealed class OperationGraphException(string message) : Q2Exception(message);
