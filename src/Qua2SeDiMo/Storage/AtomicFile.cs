using System.Text;

namespace Qua2SeDiMo.Storage;

/// <summary>Writes a result to a temporary file beside its destination, then renames it. A reader sees either the old
/// file or the complete new one, and a kill at any moment loses no write that had returned.</summary>
internal static class AtomicFile
{
    /// <summary>Calls <paramref name="write"/> with a stream on a temporary file beside the destination, flushes it to
    /// disk and renames it.</summary>
    /// <param name="path">The destination. A link is followed and kept. If it is a pipe, a device or <c>-</c>
    /// (standard output), the bytes are sent to it after all have been produced.</param>
    /// <param name="write">Writes the bytes; the stream can be read and can seek.</param>
    /// <param name="flushToDisk">Whether to flush to disk; false only for files that are not needed after the
    /// process.</param>
    /// <param name="length">Number of bytes that will be written, if known, for the message when the disk is
    /// full.</param>
    /// <exception cref="StorageException">The disk is full or read-only, or writing failed; the old content of
    /// <paramref name="path"/> is kept.</exception>
    public static void Write(string path, Action<FileStream> write, bool flushToDisk = true, long length = 0)
    {
        ArgumentNullException.ThrowIfNull(write);
        if (OutputTarget.RegularFile(path) is { } target)
            Replace(target, write, flushToDisk, length);
        else
            Send(path, write);
    }

    /// <summary>Writes UTF-8 text without a byte-order mark.</summary>
    public static void WriteText(string path, string text) => WriteBytes(path, Encoding.UTF8.GetBytes(text));

    /// <summary>Writes bytes.</summary>
    public static void WriteBytes(string path, byte[] bytes)
    {
        ArgumentNullException.ThrowIfNull(bytes);
        Write(path, stream => stream.Write(bytes), length: bytes.Length);
    }

    private static void Replace(string target, Action<FileStream> write, bool flushToDisk, long length)
    {
        string folder = Path.GetDirectoryName(target)!,
            sibling = PartialFiles.NameFor(target);
        long reached = length;
        bool isOurs = true;
        try
        {
            MakeFolder(folder);
            PartialFiles.SweepOnce(folder);
            FaultPoint.Reach(StorageStep.CreateFile, sibling);
            using (var stream = new FileStream(sibling, FileMode.Create, FileAccess.ReadWrite, FileShare.None, 1 << 16))
            {
                try
                {
                    write(stream);
                    FaultPoint.Reach(StorageStep.Flush, sibling);
                    stream.Flush(flushToDisk);
                }
                catch (Exception error) when (StorageException.Explains(error))
                {
                    reached = Math.Max(reached, stream.Position);
                    // The callback may read other files, whose errors must not be reported as errors of this one.
                    isOurs = error.Message.Contains(sibling, StringComparison.Ordinal);
                    throw;
                }
            }
            FaultPoint.Reach(StorageStep.Rename, target);
            File.Move(sibling, target, overwrite: true);
        }
        catch (Exception error) when (isOurs && StorageException.Explains(error))
        {
            Discard(sibling);
            throw StorageException.For(target, error, reached);
        }
        catch
        {
            Discard(sibling);
            throw;
        }
    }

    // Some writers seek in their stream, which a pipe does not allow, so a temporary file is written first.
    private static void Send(string path, Action<FileStream> write)
    {
        PartialFiles.SweepOnce(Path.GetTempPath());
        string whole = Path.Combine(Path.GetTempPath(), PartialFiles.NameFor("q2-output"));
        try
        {
            using var stream = new FileStream(
                whole,
                FileMode.Create,
                FileAccess.ReadWrite,
                FileShare.None,
                1 << 16,
                FileOptions.DeleteOnClose
            );
            write(stream);
            stream.Position = 0;
            using Stream destination = OutputTarget.OpenSpecial(path);
            stream.CopyTo(destination);
            destination.Flush();
        }
        catch (Exception error) when (StorageException.Explains(error))
        {
            throw StorageException.For(path, error);
        }
    }

    /// <summary>Creates a folder and its parents, if missing.</summary>
    internal static void MakeFolder(string folder)
    {
        if (Directory.Exists(folder))
            return;
        FaultPoint.Reach(StorageStep.MakeFolder, folder);
        Directory.CreateDirectory(folder);
    }

    // Deleting may fail for the same reason as the write; only the first error is reported.
    private static void Discard(string sibling)
    {
        try
        {
            File.Delete(sibling);
        }
        catch (Exception error) when (StorageException.Explains(error)) { }
    }
}
