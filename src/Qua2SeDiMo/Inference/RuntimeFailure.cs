using Microsoft.ML.OnnxRuntime;

namespace Qua2SeDiMo.Inference;

/// <summary>Why the runtime failed, as far as its words tell: it gives no other sign.</summary>
internal static class RuntimeFailure
{
    // Of ONNX Runtime's allocators, the C++ library and the C library. Kernels that throw on their numbers say none of
    // this.
    private static readonly string[] SurroundingsWords =
    [
        "bad_alloc",
        "bad allocation",
        "Failed to allocate memory",
        "failed to allocate",
        "out of memory",
        "Out of memory",
        "Cannot allocate memory",
        "NO_SUCHFILE",
        "NoSuchFile",
        "No such file",
        "No space left",
        "Permission denied",
        "Read-only file system",
        "Input/output error",
        "Too many open files",
        "Resource temporarily unavailable",
    ];

    /// <summary>
    /// The numbers that ran through a kernel are to blame, unless the runtime names memory or files. A refused input or
    /// graph is never theirs.
    /// </summary>
    internal static FaultOrigin OriginOf(InferenceException error) =>
        error.IsOfRun
        && error.InnerException is OnnxRuntimeException inner
        && !Array.Exists(SurroundingsWords, word => inner.Message.Contains(word, StringComparison.Ordinal))
            ? FaultOrigin.Subject
            : FaultOrigin.Surroundings;
}
