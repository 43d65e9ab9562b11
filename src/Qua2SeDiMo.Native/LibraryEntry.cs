using System.Runtime.InteropServices;
using Qua2SeDiMo.Kernels.Operators;

namespace Qua2SeDiMo.Native;

/// <summary>What a host that loads the library by path calls, by the name that ONNX Runtime looks for.</summary>
internal static class LibraryEntry
{
    /// <summary>Makes the operators known to sessions of these options.</summary>
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
