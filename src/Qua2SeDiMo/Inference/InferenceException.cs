namespace Qua2SeDiMo.Inference;

/// <summary>A model was given inputs that do not fit it, or the runtime refused it.</summary>
internal sealed class InferenceException : Q2Exception
{
    /// <summary>Creates the exception.</summary>
    public InferenceException(string message)
        : base(message) { }

    /// <summary>Creates the exception with the runtime's own error.</summary>
    public InferenceException(string message, Exception inner)
        : base(message, inner) { }

    /// <summary>Whether the runtime failed while it computed, and not while it took in the graph.</summary>
    internal bool IsOfRun { get; init; }

    /// <inheritdoc/>
    public override FaultOrigin Origin => RuntimeFailure.OriginOf(this);
}
