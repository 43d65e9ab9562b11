using System.Globalization;

namespace Qua2SeDiMo.Storage;

/// <summary>
/// A lock that is held by keeping a file open exclusively. The kernel releases it when the process ends, even if it is
/// killed. The holder deletes the file on release; a file that a dead process has left is reused by the next holder.
/// </summary>
internal sealed class LockFile : IDisposable
{
    private readonly string path;
    private readonly FileStream stream;

    private LockFile(string path, FileStream stream) => (this.path, this.stream) = (path, stream);

    /// <summary>Tries to take the lock; disposing of the result releases it.</summary>
    /// <param name="path">The lock file, created if missing; its folder must exist.</param>
    /// <returns>Null if another process, or other code of this process, holds the lock.</returns>
    /// <exception cref="IOException">The file cannot be created.</exception>
    /// <exception cref="UnauthorizedAccessException">The program may not write to the folder.</exception>
    internal static LockFile? TryTake(string path)
    {
        FileStream stream;
        try
        {
            FaultPoint.Reach(StorageStep.CreateFile, path);
            stream = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, 1);
        }
        catch (IOException error) when (IsHeld(error))
        {
            return null;
        }
        // The previous holder may delete the file between its opening here and its locking. Then the lock is on a file
        // that other processes no longer see, so the attempt fails.
        if (FileStatus.Of(path) == FileStatus.Of(OpenFile(stream)))
            return new LockFile(path, stream);
        stream.Dispose();
        return null;
    }

    /// <summary>Deletes the lock files that dead processes have left in a folder; failures are ignored. An attempt to
    /// take such a lock at the same moment fails and has to be repeated.</summary>
    internal static void SweepIn(string folder, string pattern)
    {
        if (!Directory.Exists(folder))
            return;
        try
        {
            foreach (string left in Directory.EnumerateFiles(folder, pattern))
                TryTake(left)?.Dispose();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // A later start deletes them.
        }
    }

    /// <summary>Deletes the file, then releases the lock. This order never deletes the file of the next
    /// holder.</summary>
    public void Dispose()
    {
        try
        {
            File.Delete(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // The next holder reuses the file.
        }
        stream.Dispose();
    }

    private static bool IsHeld(IOException error) =>
        error is not DirectoryNotFoundException
        && StorageException.FaultOf(error.HResult) is StorageFault.Other or StorageFault.Busy;

    private static string OpenFile(FileStream stream) =>
        string.Create(CultureInfo.InvariantCulture, $"/proc/self/fd/{stream.SafeFileHandle.DangerousGetHandle()}");
}
