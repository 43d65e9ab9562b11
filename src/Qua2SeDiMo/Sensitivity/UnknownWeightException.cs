namespace Qua2SeDiMo.Sensitivity;

/// <summary>A name belongs to no weight, unit, operator type or block of a model, or to several weights.</summary>
internal sealed class UnknownWeightException(string message) : Q2Exception(message);
