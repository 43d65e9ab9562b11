namespace Qua2SeDiMo.Inference;

/// <summary>How a model runs.</summary>
public sealed record InferenceOptions
{
    /// <summary>Threads inside one operator; 0 (default) takes one per physical core.</summary>
    public int IntraOpThreads { get; init; }

    /// <summary>
    /// Total size of stored initializers, in bytes, above which they go through a temporary data file that the session maps,
    /// instead of through memory. Default 512 MiB, largest useful value 2 GiB.
    /// </summary>
    public long ExternalDataThreshold { get; init; } = 512L << 20;

    /// <summary>Folder for that temporary file; the system's own when null. It needs room for the model in single precision.</summary>
    public string? TemporaryDirectory { get; init; }
}
