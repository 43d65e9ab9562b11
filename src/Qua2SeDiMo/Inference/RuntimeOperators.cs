using System.Runtime.InteropServices;
using Microsoft.ML.OnnxRuntime;
using Qua2SeDiMo.Kernels.Operators;

namespace Qua2SeDiMo.Inference;

/// <summary>Registers this project's operators with the ONNX Runtime of this process.</summary>
internal static class RuntimeOperators
{
    // Loads the same library as the bindings of the ONNX Runtime package.
    private static readonly Lazy<nint> ApiBase = new(() =>
    {
        nint library = NativeLibrary.Load("onnxruntime", typeof(SessionOptions).Assembly, null);
        unsafe
        {
            return ((delegate* unmanaged<nint>)NativeLibrary.GetExport(library, "OrtGetApiBase"))();
        }
    });

    /// <summary>Registers the operators with all sessions that are created with these options.</summary>
    /// <exception cref="InferenceException">The runtime is too old or rejected the operators.</exception>
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
