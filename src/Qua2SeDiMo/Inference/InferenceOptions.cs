namespace Qua2SeDiMo.Inference;

/// <summary>How a model runs.</summary>
public sealed record InferenceOptions
{
    /// <summary>Threads inside one operator; 0 (default) takes one per physical core.</summary>
    public int IntraOpThreads { get; init; }

    /// <summary>
    /// Total size of initializers, in bytes, above which quantizable weights are kept beside the session instead of inside. What is left
    /// goes through a temporary data file that the session maps, where it is still above. Default 512 MiB, largest useful value 2 GiB.
    /// </summary>
    public long ExternalDataThreshold { get; init; } = 512L << 20;

    /// <summary>Folder for that temporary file; the system's own when null. It needs room for tables and embeddings in single precision.</summary>
    public string? TemporaryDirectory { get; init; }
}
