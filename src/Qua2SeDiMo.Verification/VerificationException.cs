namespace Qua2SeDiMo.Verification;

/// <summary>A path to verify that is not there.</summary>
internal sealed class VerificationException(string message) : Q2Exception(message);
