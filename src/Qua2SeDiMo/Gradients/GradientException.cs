namespace Qua2SeDiMo.Gradients;

/// <summary>A graph, or one node of it, has no gradient that this program can make; the message names the operator and
/// what to do instead.</summary>
internal sealed class GradientException : Q2Exception
{
    /// <summary>States what has no gradient, where, and what follows from it.</summary>
    public GradientException(string message)
        : base(message) { }

    /// <summary>The operator that has no rule; null where the operator is known and this use of it is not.</summary>
    public string? Operator { get; init; }
}
