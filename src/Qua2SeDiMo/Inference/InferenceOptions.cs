namespace Qua2SeDiMo.Inference;

/// <summary>How a model runs.</summary>
internal sealed record InferenceOptions
{
    /// <summary>Threads inside one operator; 0 (default) takes one per physical core.</summary>
    public int IntraOpThreads { get; init; }

    /// <summary>
    /// Total size of initializers, in bytes, above which quantizable weights are kept beside the session instead of
    /// inside. What is left goes through a data file in the system's folder for temporary files, which the session
    /// maps, where it is still above. Default 512 MiB, largest useful value 2 GiB.
    /// </summary>
    public long ExternalDataThreshold { get; init; } = 512L << 20;
}
