using System.Runtime.InteropServices;

namespace Qua2SeDiMo.Models.Fingerprints;

/// <summary>
/// What Linux says of a file without reading it. The time of the last change of the inode counts too: unlike the time of modification, no
/// program can set it back, so that a file that was written in place has another state whatever its other times are made to say.
/// </summary>
internal readonly partial record struct FileState(ulong Device, ulong Inode, ulong Size, long Modified, long Changed)
{
    private const int CurrentFolder = -100;
    private const uint BasicFields = 0x7ff;
    private const int ResultBytes = 256;
    private const long Nanoseconds = 1_000_000_000;

    /// <summary>Newest of its times, nanoseconds since 1970.</summary>
    internal long Newest => Math.Max(Modified, Changed);

    /// <summary>The state of the file that a path leads to; null where the system does not tell.</summary>
    internal static FileState? Of(string path)
    {
        if (!OperatingSystem.IsLinux()) return null;
        Span<byte> result = stackalloc byte[ResultBytes];
        result.Clear();
        try
        {
            if (Query(CurrentFolder, path, 0, BasicFields, ref MemoryMarshal.GetReference(result)) != 0) return null;
        }
        catch (Exception error) when (error is EntryPointNotFoundException or DllNotFoundException)
        {
            return null;
        }
        // Places of struct statx, the same on every processor: stx_dev_major, stx_ino, stx_size, stx_mtime, stx_ctime.
        return new FileState(
            MemoryMarshal.Read<ulong>(result[136..]), MemoryMarshal.Read<ulong>(result[32..]), MemoryMarshal.Read<ulong>(result[40..]),
            Time(result[112..]), Time(result[96..]));
    }

    private static long Time(ReadOnlySpan<byte> timestamp) =>
        (MemoryMarshal.Read<long>(timestamp) * Nanoseconds) + MemoryMarshal.Read<uint>(timestamp[8..]);

    [LibraryImport("libc", EntryPoint = "statx", StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Query(int folder, string path, int flags, uint fields, ref byte result);
}
