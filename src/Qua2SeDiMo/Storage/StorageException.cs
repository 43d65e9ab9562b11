using System.Globalization;

namespace Qua2SeDiMo.Storage;

/// <summary>Thrown when a file cannot be read or written. The message states the file, the reason, and the number of
/// bytes needed, if known.</summary>
internal sealed class StorageException : Q2Exception
{
    // Error numbers of Linux; .NET puts them into HResult.
    private const int NotPermitted = 1,
        NoEntry = 2,
        InputOutput = 5,
        NoMemory = 12,
        AccessDenied = 13,
        DeviceBusy = 16,
        NoDevice = 19;
    private const int TooManyFilesInSystem = 23,
        TooManyFiles = 24,
        NoSpace = 28,
        ReadOnlyFileSystem = 30,
        StaleHandle = 116,
        OverQuota = 122;

    // The error numbers of Windows, as HRESULTs.
    private const int WindowsDiskFull = unchecked((int)0x80070070),
        WindowsHandleDiskFull = unchecked((int)0x80070027);
    private const int WindowsWriteProtect = unchecked((int)0x80070013);

    /// <summary>Creates the exception.</summary>
    /// <param name="fault">Kind of the failure.</param>
    /// <param name="message">States the file, the failure, and what to do.</param>
    /// <param name="inner">The error of the file system.</param>
    public StorageException(StorageFault fault, string message, Exception? inner = null)
        : base(message, inner) => Fault = fault;

    /// <summary>Kind of the failure.</summary>
    public StorageFault Fault { get; }

    /// <summary>Whether <see cref="For"/> can convert an exception.</summary>
    public static bool Explains(Exception error) => error is IOException or UnauthorizedAccessException;

    /// <summary>Converts an error of the file system to an exception with a message for the user.</summary>
    /// <param name="path">The file; null if only the system's message names it.</param>
    /// <param name="error">An error for which <see cref="Explains"/> holds.</param>
    /// <param name="wantedBytes">Bytes that were to be written; null if unknown.</param>
    public static StorageException For(string? path, Exception error, long? wantedBytes = null)
    {
        ArgumentNullException.ThrowIfNull(error);
        StorageFault fault = FaultOf(error);
        string file = path ?? (error as FileNotFoundException)?.FileName ?? "";
        string words =
            fault == StorageFault.Other || file.Length == 0 ? $"{WordsOf(fault)} ({error.Message})" : WordsOf(fault);
        string place = file.Length == 0 ? "" : file + ": ";
        return new StorageException(
            fault,
            $"{place}{words}{Wanted(fault, path, wantedBytes)}. {AdviceFor(fault)}",
            error
        );
    }

    /// <summary>The kind of failure for an error number of the system.</summary>
    public static StorageFault FaultOf(int systemError) =>
        systemError switch
        {
            NoSpace or WindowsDiskFull or WindowsHandleDiskFull => StorageFault.DiskFull,
            OverQuota => StorageFault.QuotaExceeded,
            ReadOnlyFileSystem or WindowsWriteProtect => StorageFault.ReadOnly,
            AccessDenied or NotPermitted => StorageFault.NoPermission,
            NoEntry or StaleHandle => StorageFault.Missing,
            InputOutput or NoDevice => StorageFault.DeviceError,
            DeviceBusy => StorageFault.Busy,
            TooManyFiles or TooManyFilesInSystem => StorageFault.TooManyOpenFiles,
            NoMemory => StorageFault.OutOfMemory,
            _ => StorageFault.Other,
        };

    /// <summary>Description of a failure, to be used inside a sentence.</summary>
    public static string WordsOf(StorageFault fault) =>
        fault switch
        {
            StorageFault.DiskFull => "the disk is full",
            StorageFault.QuotaExceeded => "your quota on this disk is used up",
            StorageFault.ReadOnly => "the file or its file system is read-only",
            StorageFault.NoPermission => "permission denied",
            StorageFault.Missing => "no such file or folder",
            StorageFault.DeviceError => "the disk, or the connection to it, reports an error",
            StorageFault.Busy => "another process keeps it to itself",
            StorageFault.TooManyOpenFiles => "too many files are open",
            StorageFault.OutOfMemory => "no memory is left",
            _ => "the system refuses",
        };

    /// <summary>Advice to the user.</summary>
    public static string AdviceFor(StorageFault fault) =>
        fault switch
        {
            StorageFault.DiskFull or StorageFault.QuotaExceeded =>
                "Free some space and run the same command again; what was finished is kept.",
            StorageFault.ReadOnly => "Make it writable, or write elsewhere.",
            StorageFault.NoPermission => "Give this user the right to it, or write elsewhere.",
            StorageFault.Missing => "Was it moved or deleted?",
            StorageFault.DeviceError =>
                "Check the disk (the kernel's log names the device); what was finished is kept.",
            StorageFault.Busy => "Wait for that process or end it, then run the same command again.",
            StorageFault.TooManyOpenFiles => "Raise the limit ('ulimit -n') and run the same command again.",
            StorageFault.OutOfMemory => "End other programs, or lower --batch, and run the same command again.",
            _ => "Repair that and run the same command again.",
        };

    // Exceptions with specific types carry no error number.
    private static StorageFault FaultOf(Exception error) =>
        error switch
        {
            FileNotFoundException or DirectoryNotFoundException or DriveNotFoundException => StorageFault.Missing,
            UnauthorizedAccessException { InnerException: IOException inner }
                when FaultOf(inner.HResult) is var fault and not StorageFault.Other => fault,
            UnauthorizedAccessException => StorageFault.NoPermission,
            _ => FaultOf(error.HResult),
        };

    /// <summary>The needed and the free bytes, to follow the description of a failure; empty if neither is
    /// known.</summary>
    /// <param name="fault">Kind of the failure.</param>
    /// <param name="path">The file; null if unknown.</param>
    /// <param name="bytes">Bytes that were to be written; null or 0 if unknown.</param>
    internal static string Wanted(StorageFault fault, string? path, long? bytes)
    {
        bool hasWanted = bytes is > 0;
        string wanted = hasWanted
            ? string.Create(CultureInfo.InvariantCulture, $"; at least {bytes:#,0} bytes were wanted")
            : "";
        if (fault != StorageFault.DiskFull || path is null || FreeBytes(path) is not { } free)
            return wanted;
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{wanted}{(hasWanted ? " and" : ";")} {free:#,0} bytes are free"
        );
    }

    private static long? FreeBytes(string path)
    {
        try
        {
            return new DriveInfo(Path.GetDirectoryName(Path.GetFullPath(path)) ?? path).AvailableFreeSpace;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return null;
        }
    }
}
