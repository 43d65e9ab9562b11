namespace Qua2SeDiMo.Inference;

/// <summary>Settings of <see cref="InferenceModel"/>.</summary>
internal sealed record InferenceOptions
{
    /// <summary>Threads inside one operator; 0 (default) for one per physical core.</summary>
    public int IntraOpThreads { get; init; }

    /// <summary>
    /// Total bytes of initializers above which quantizable weights are passed to the session as inputs instead of being
    /// part of it. If the other initializers still exceed it, they are passed as a data file in the system's temporary
    /// folder, which the session maps. Default 512 MiB; values above 2 GiB have no use.
    /// </summary>
    public long ExternalDataThreshold { get; init; } = 512L << 20;

    /// <summary>
    /// Whether a session holds on to the memory of values that it no longer needs, for later ones. Without, a session
    /// never takes more than what it needs at a time, and is somewhat slower. Default true.
    /// </summary>
    public bool HoldsMemory { get; init; } = true;
}
