using System.Text;

namespace Qua2SeDiMo.Storage;

/// <summary>
/// Writes results beside their place and renames them, so that a reader sees either the old file or the whole new one,
/// and a kill at any moment loses nothing that was acknowledged.
/// </summary>
internal static class AtomicFile
{
    /// <summary>Calls <paramref name="write"/> with a stream on a sibling of the result, flushes to disk and
    /// renames.</summary>
    /// <param name="path">
    /// The result. A link is followed and stays; to a pipe, a device or <c>-</c> (standard output) the bytes are
    /// written when they are complete.
    /// </param>
    /// <param name="write">Writes its bytes; the stream can be read and moved in.</param>
    /// <param name="flushToDisk">False only for files that need not outlive the process.</param>
    /// <param name="length">Bytes that it will write, where they are known beforehand; said when there is no room for
    /// them.</param>
    /// <exception cref="StorageException">
    /// The disk is full, read-only, or otherwise refuses; the old content of <paramref name="path"/> is kept.
    /// </exception>
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
                    // What is written may be read from other files, whose errors are not this one's.
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

    // Some writers move in their stream, which a pipe cannot: the whole is made in a file first.
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

    /// <summary>Makes a folder and those above it.</summary>
    internal static void MakeFolder(string folder)
    {
        if (Directory.Exists(folder))
            return;
        FaultPoint.Reach(StorageStep.MakeFolder, folder);
        Directory.CreateDirectory(folder);
    }

    // A disk that refused the result may refuse this too; the first error is the one to tell.
    private static void Discard(string sibling)
    {
        try
        {
            File.Delete(sibling);
        }
        catch (Exception error) when (StorageException.Explains(error)) { }
    }
}
