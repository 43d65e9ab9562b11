namespace Qua2SeDiMo.Plans;

/// <summary>No plan can be made as it was asked for: no source is left, no allocation is small enough, or an option is
/// unknown.</summary>
internal sealed class PlanException(string message) : Q2Exception(message);
