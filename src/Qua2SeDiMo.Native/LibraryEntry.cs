using System.Runtime.InteropServices;
using Qua2SeDiMo.Kernels.Operators;

namespace Qua2SeDiMo.Native;

/// <summary>The entry point that ONNX Runtime looks up by name and calls when a host loads the library by
/// path.</summary>
internal static class LibraryEntry
{
    /// <summary>Registers the operators with all sessions that are created with these options.</summary>
    /// <param name="sessionOptions">OrtSessionOptions.</param>
    /// <param name="apiBase">OrtApiBase.</param>
    /// <returns>OrtStatus, zero for success.</returns>
    [UnmanagedCallersOnly(EntryPoint = "RegisterCustomOps")]
    internal static nint RegisterCustomOps(nint sessionOptions, nint apiBase)
    {
        try
        {
            OperatorRegistration.Register(apiBase, sessionOptions);
            return 0;
        }
        catch (Exception error)
        {
            return RuntimeApi.CreateStatus(apiBase, error.Message);
        }
    }
}
