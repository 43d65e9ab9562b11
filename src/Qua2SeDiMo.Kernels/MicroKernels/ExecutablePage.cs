using System.Runtime.InteropServices;

namespace Qua2SeDiMo.Kernels.MicroKernels;

/// <summary>Places machine code in memory pages that become read-only and executable before any of it runs. Linux
/// only.</summary>
internal static partial class ExecutablePage
{
    private const int Read = 1,
        Write = 2,
        Execute = 4,
        PrivateAnonymous = 0x22;

    /// <summary>Copies code to executable pages that are never freed.</summary>
    /// <returns>Address of the code; 0 when the system does not allow it.</returns>
    internal static nint Create(byte[] code)
    {
        if (!OperatingSystem.IsLinux())
            return 0;
        nint page = Map(0, code.Length, Read | Write, PrivateAnonymous, -1, 0);
        if (page is 0 or -1)
            return 0;
        Marshal.Copy(code, 0, page, code.Length);
        return Protect(page, code.Length, Read | Execute) == 0 ? page : 0;
    }

    [LibraryImport("libc", EntryPoint = "mmap", SetLastError = false)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial nint Map(nint address, nint length, int protection, int flags, int file, nint offset);

    [LibraryImport("libc", EntryPoint = "mprotect")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Protect(nint address, nint length, int protection);
}
