namespace Qua2SeDiMo.Plans;

/// <summary>Thrown when a requested plan cannot be made: no source fits, no allocation is small enough, or an option is
/// unknown.</summary>
internal sealed class PlanException(string message) : Q2Exception(message);
