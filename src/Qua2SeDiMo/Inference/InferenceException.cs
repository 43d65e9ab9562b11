namespace Qua2SeDiMo.Inference;

/// <summary>Thrown when inputs do not match a model, or when ONNX Runtime rejects or fails to run it.</summary>
internal sealed class InferenceException : Q2Exception
{
    /// <summary>Creates the exception.</summary>
    public InferenceException(string message)
        : base(message) { }

    /// <summary>Creates the exception with the runtime's error.</summary>
    public InferenceException(string message, Exception inner)
        : base(message, inner) { }

    /// <summary>Whether the runtime failed during a run, not while it loaded the graph.</summary>
    internal bool IsOfRun { get; init; }

    /// <inheritdoc/>
    public override FaultOrigin Origin => RuntimeFailure.OriginOf(this);
}
