namespace Qua2SeDiMo.Verification;

/// <summary>A path to verify that is not there.</summary>
public sealed class VerificationException(string message) : Q2Exception(message);
