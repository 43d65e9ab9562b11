using System.Runtime.InteropServices;

namespace Qua2SeDiMo.Storage;

/// <summary>What a path leads to.</summary>
internal enum FileKind
{
    /// <summary>A regular file.</summary>
    Regular,

    /// <summary>A folder.</summary>
    Folder,

    /// <summary>A pipe, a device, a socket: bytes go through, nothing stays.</summary>
    Special,
}

/// <summary>
/// What Linux says of a file without reading it, links followed. The time of the last change of the inode counts too:
/// unlike the time of modification, no program can set it back, so that a file that was written in place has another
/// status whatever its other times say.
/// </summary>
internal readonly partial record struct FileStatus(
    FileKind Kind,
    ulong Device,
    ulong Inode,
    ulong Size,
    long Modified,
    long Changed
)
{
    private const int CurrentFolder = -100;
    private const uint BasicFields = 0x7ff;
    private const int ResultBytes = 256;
    private const long Nanoseconds = 1_000_000_000;
    private const int TypeBits = 0xF000,
        RegularType = 0x8000,
        FolderType = 0x4000;

    /// <summary>Newest of its times, nanoseconds since 1970.</summary>
    internal long Newest => Math.Max(Modified, Changed);

    /// <summary>The status of what a path leads to; null where nothing is there or the system does not tell.</summary>
    internal static FileStatus? Of(string path)
    {
        if (!OperatingSystem.IsLinux())
            return null;
        Span<byte> result = stackalloc byte[ResultBytes];
        result.Clear();
        try
        {
            if (Query(CurrentFolder, path, 0, BasicFields, ref MemoryMarshal.GetReference(result)) != 0)
                return null;
        }
        catch (Exception error) when (error is EntryPointNotFoundException or DllNotFoundException)
        {
            return null;
        }
        // Places of struct statx, the same on every processor: stx_mode, stx_dev_major and _minor, stx_ino, stx_size,
        // stx_mtime, stx_ctime.
        FileKind kind = (MemoryMarshal.Read<ushort>(result[28..]) & TypeBits) switch
        {
            RegularType => FileKind.Regular,
            FolderType => FileKind.Folder,
            _ => FileKind.Special,
        };
        return new FileStatus(
            kind,
            MemoryMarshal.Read<ulong>(result[136..]),
            MemoryMarshal.Read<ulong>(result[32..]),
            MemoryMarshal.Read<ulong>(result[40..]),
            Time(result[112..]),
            Time(result[96..])
        );
    }

    private static long Time(ReadOnlySpan<byte> timestamp) =>
        (MemoryMarshal.Read<long>(timestamp) * Nanoseconds) + MemoryMarshal.Read<uint>(timestamp[8..]);

    [LibraryImport("libc", EntryPoint = "statx", StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Query(int folder, string path, int flags, uint fields, ref byte result);
}
