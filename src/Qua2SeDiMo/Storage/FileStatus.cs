using System.Runtime.InteropServices;

namespace Qua2SeDiMo.Storage;

/// <summary>Kind of a file.</summary>
internal enum FileKind
{
    /// <summary>A regular file.</summary>
    Regular,

    /// <summary>A folder.</summary>
    Folder,

    /// <summary>A pipe, a device or a socket, which does not store what is written.</summary>
    Special,
}

/// <summary>
/// Status of a file on Linux, found without reading it; links are followed. It includes the time of the inode's last
/// change, which programs cannot set, unlike the modification time. So a file that was rewritten in place always has
/// another status.
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

    /// <summary>The later of both times, in nanoseconds since 1970.</summary>
    internal long Newest => Math.Max(Modified, Changed);

    /// <summary>The status of the file behind a path; null if it does not exist or the system does not report
    /// it.</summary>
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
        // Offsets in struct statx, which are the same on every processor: stx_mode, stx_dev_major and _minor, stx_ino,
        // stx_size, stx_mtime, stx_ctime.
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
