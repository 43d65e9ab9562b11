using Microsoft.ML.OnnxRuntime;

namespace Qua2SeDiMo.Inference;

/// <summary>Classifies a failure of ONNX Runtime by its message, the only information that it gives.</summary>
internal static class RuntimeFailure
{
    // Messages of ONNX Runtime's allocators, the C++ library and the C library. Kernels that fail because of their
    // operands use none of them.
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

    /// <summary>A failure during a run counts as caused by the numbers computed, unless the message names memory or
    /// files. A rejected input or graph is never caused by them.</summary>
    internal static FaultOrigin OriginOf(InferenceException error) =>
        error.IsOfRun
        && error.InnerException is OnnxRuntimeException inner
        && !Array.Exists(SurroundingsWords, word => inner.Message.Contains(word, StringComparison.Ordinal))
            ? FaultOrigin.Subject
            : FaultOrigin.Surroundings;
}
