namespace Qua2SeDiMo.Gradients;

/// <summary>Thrown when the gradient of a graph or of one node is not supported; the message names the operator and an
/// alternative.</summary>
internal sealed class GradientException : Q2Exception
{
    /// <summary>Creates the exception. The message states what has no gradient, at which node, and the
    /// alternative.</summary>
    public GradientException(string message)
        : base(message) { }

    /// <summary>The operator that has no rule; null when it has one that does not cover this use.</summary>
    public string? Operator { get; init; }
}
