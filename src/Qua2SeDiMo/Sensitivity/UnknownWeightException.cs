namespace Qua2SeDiMo.Sensitivity;

/// <summary>Thrown when a name matches no weight, unit, operator type or block of a model, or is an ambiguous
/// ending.</summary>
internal sealed class UnknownWeightException(string message) : Q2Exception(message);
