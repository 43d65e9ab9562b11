using System.Runtime.InteropServices;
using Microsoft.ML.OnnxRuntime;
using Qua2SeDiMo.Kernels.Operators;

namespace Qua2SeDiMo.Inference;

/// <summary>Makes the project's operators known to sessions of the ONNX Runtime in this process.</summary>
internal static class RuntimeOperators
{
    // The library that the package's own bindings load.
    private static readonly Lazy<nint> ApiBase = new(() =>
    {
        nint library = NativeLibrary.Load("onnxruntime", typeof(SessionOptions).Assembly, null);
        unsafe
        {
            return ((delegate* unmanaged<nint>)NativeLibrary.GetExport(library, "OrtGetApiBase"))();
        }
    });

    /// <summary>Registers the operators with the options of sessions to come.</summary>
    /// <exception cref="InferenceException">The runtime is too old, or refused them.</exception>
    internal static void Register(SessionOptions options)
    {
        try
        {
            OperatorRegistration.Register(ApiBase.Value, options.DangerousGetHandle());
            GC.KeepAlive(options);
        }
        catch (OperatorException error)
        {
            throw new InferenceException($"The runtime does not take the project's operators: {error.Message}", error);
        }
    }
}
