namespace Qua2SeDiMo.Verification;

/// <summary>Thrown when a path to verify does not exist, or a reference was made with an unsupported
/// argument.</summary>
internal sealed class VerificationException(string message) : Q2Exception(message);
