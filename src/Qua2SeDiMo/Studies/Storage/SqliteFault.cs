using Microsoft.Data.Sqlite;
using Qua2SeDiMo.Storage;
using SQLitePCL;

namespace Qua2SeDiMo.Studies.Storage;

/// <summary>Translates an SQLite error to an exception with a message for the user.</summary>
/// <param name="error">The error of SQLite.</param>
/// <param name="path">The study file.</param>
/// <param name="systemError">The operating system's error number behind it; 0 if unknown.</param>
/// <param name="isWrite">Whether the failed operation was a write.</param>
internal sealed class SqliteFault(SqliteException error, string path, int systemError, bool isWrite)
{
    // Extended codes that SQLitePCL does not name.
    private const int IoErrorNoMemory = 10 | (12 << 8),
        IoErrorCheckReserved = 10 | (14 << 8),
        IoErrorLock = 10 | (15 << 8);
    private const int IoErrorShmOpen = 10 | (18 << 8),
        IoErrorShmLock = 10 | (20 << 8),
        ReadOnlyMoved = 8 | (4 << 8);

    // Default page_size of SQLite, and size of the first part of the -shm file, which readers need too.
    private const int PageBytes = 4096,
        SharedMemoryBytes = 32_768;

    private const string FolderWords =
        "the files that belong beside it, with -wal and -shm added to its name, cannot be opened or made";

    private string What => $"{path}: the study could not be {(isWrite ? "written" : "read")}";

    /// <summary>The exception to throw to the user.</summary>
    internal Q2Exception Explain() =>
        error.SqliteErrorCode switch
        {
            raw.SQLITE_FULL => Storage(
                systemError == 0 ? StorageFault.DiskFull : StorageException.FaultOf(systemError)
            ),
            raw.SQLITE_READONLY when error.SqliteExtendedErrorCode == ReadOnlyMoved => Vanished(path),
            raw.SQLITE_READONLY => Probe() is { } fault
                ? Storage(fault)
                : Storage(StorageFault.NoPermission, FolderWords),
            raw.SQLITE_PERM or raw.SQLITE_AUTH => Storage(StorageFault.NoPermission),
            raw.SQLITE_IOERR => OfInputOutput(),
            raw.SQLITE_CANTOPEN => OfOpening(),
            raw.SQLITE_BUSY or raw.SQLITE_LOCKED => Storage(
                StorageFault.Busy,
                $"another process has kept it locked for {SqliteStudyFile.BusySeconds} s"
            ),
            raw.SQLITE_PROTOCOL or raw.SQLITE_NOLFS => Storage(
                StorageFault.Other,
                $"its locks do not work here ({error.Message}); a run directory must be on a local disk, not on a network drive"
            ),
            raw.SQLITE_NOMEM => Storage(StorageFault.OutOfMemory),
            raw.SQLITE_NOTADB => Content($"{path}: this is no SQLite file, or its first bytes were overwritten."),
            raw.SQLITE_CORRUPT => Content($"{path}: the file is damaged ({error.Message})."),
            raw.SQLITE_CONSTRAINT => Content(
                $"{path}: what the file holds contradicts what was to be stored ({error.Message}); it was changed "
                    + "by another program."
            ),
            _ => Content($"{What}: SQLite says {error.SqliteErrorCode} ({error.Message})."),
        };

    private StudyFileException Content(string found) => new($"{found} {StudyFileException.MakeAgain}", error);

    private StorageException Storage(StorageFault fault, string? words = null) =>
        new(
            fault,
            $"{What}: {words ?? StorageException.WordsOf(fault)}{RoomWanted(fault)}. "
                + StorageException.AdviceFor(fault),
            error
        );

    private StorageException OfInputOutput() =>
        error.SqliteExtendedErrorCode switch
        {
            IoErrorNoMemory => Storage(StorageFault.OutOfMemory),
            _ when systemError != 0 && StorageException.FaultOf(systemError) is var fault and not StorageFault.Other =>
                Storage(fault),
            IoErrorLock or IoErrorCheckReserved or IoErrorShmOpen or IoErrorShmLock => Storage(
                StorageFault.Other,
                "its locks fail here; a run directory must be on a local disk, not on a network drive"
            ),
            _ => Storage(
                StorageFault.DeviceError,
                $"{StorageException.WordsOf(StorageFault.DeviceError)} (SQLite says {error.SqliteExtendedErrorCode})"
            ),
        };

    private StorageException OfOpening()
    {
        if (Directory.Exists(path))
            return Storage(StorageFault.Other, "a folder stands there instead of a file");
        // SQLite reports a -wal or -shm file that cannot be created as missing, so Missing is not trusted here.
        StorageFault? fault =
            Probe()
            ?? (
                systemError != 0
                && StorageException.FaultOf(systemError)
                    is var known
                        and not (StorageFault.Other or StorageFault.Missing)
                    ? known
                    : null
            );
        return fault is { } found ? Storage(found) : Storage(StorageFault.NoPermission, FolderWords);
    }

    // A commit writes at least one page; only SQLite knows how many.
    private string RoomWanted(StorageFault fault)
    {
        bool isFull = fault is StorageFault.DiskFull or StorageFault.QuotaExceeded;
        return StorageException.Wanted(
            fault,
            path,
            isFull
                ? isWrite
                    ? PageBytes
                    : SharedMemoryBytes
                : null
        );
    }

    /// <summary>The exception for a study file that was deleted, moved or replaced while it was open.</summary>
    internal static StorageException Vanished(string path) =>
        new(
            StorageFault.Missing,
            $"{path}: the study file was deleted, moved or replaced while the study ran, so nothing more can be "
                + "kept. Put it back, or run the same command again to start a new one."
        );

    // The fault of opening the file for writing; null if that succeeds.
    private StorageFault? Probe()
    {
        try
        {
            using var handle = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
            return null;
        }
        catch (Exception error) when (StorageException.Explains(error))
        {
            return StorageException.For(path, error).Fault;
        }
    }
}
