using System.Globalization;

namespace Qua2SeDiMo.Storage;

/// <summary>
/// A file that one holder at a time has open. The kernel keeps the lock for the process, so that a death gives it back;
/// the holder deletes the file, and one that a dead process left is taken over by the next holder.
/// </summary>
internal sealed class LockFile : IDisposable
{
    private readonly string path;
    private readonly FileStream stream;

    private LockFile(string path, FileStream stream) => (this.path, this.stream) = (path, stream);

    /// <summary>Takes the lock; disposing of it gives it back.</summary>
    /// <param name="path">The file; made where it is missing, its folder must be there.</param>
    /// <returns>Null where another process, or another part of this one, holds it.</returns>
    /// <exception cref="IOException">The disk refuses.</exception>
    /// <exception cref="UnauthorizedAccessException">The folder may not be written.</exception>
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
        // The holder before deletes its file when it ends: one that was opened just before is locked, but no other
        // process sees it any more.
        if (FileStatus.Of(path) == FileStatus.Of(OpenFile(stream)))
            return new LockFile(path, stream);
        stream.Dispose();
        return null;
    }

    /// <summary>Deletes the lock files of a folder that dead processes left. It never fails: what cannot be deleted
    /// stays. Whoever takes such a lock at this moment is told that it is held, and has to try again.</summary>
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
            // They are swept by a later start.
        }
    }

    /// <summary>Deletes the file and gives the lock back, in this order: the file of the next holder is never
    /// deleted.</summary>
    public void Dispose()
    {
        try
        {
            File.Delete(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // The next holder takes the file over.
        }
        stream.Dispose();
    }

    private static bool IsHeld(IOException error) =>
        error is not DirectoryNotFoundException
        && StorageException.FaultOf(error.HResult) is StorageFault.Other or StorageFault.Busy;

    private static string OpenFile(FileStream stream) =>
        string.Create(CultureInfo.InvariantCulture, $"/proc/self/fd/{stream.SafeFileHandle.DangerousGetHandle()}");
}
