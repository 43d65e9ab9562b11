namespace Qua2SeDiMo;

/// <summary>
/// Writes results beside their place and renames them, so that a reader sees either the old file or the whole new one,
/// and a kill at any moment loses nothing that was acknowledged.
/// </summary>
public static class AtomicFile
{
    /// <summary>Opens a stream on a sibling of <paramref name="path"/>, calls <paramref name="write"/>, flushes to disk and renames.</summary>
    /// <param name="path">The result.</param>
    /// <param name="write">Writes its bytes.</param>
    /// <param name="flushToDisk">False only for files that need not outlive the process.</param>
    /// <param name="length">Bytes that it will write, where they are known beforehand; said when there is no room for them.</param>
    /// <exception cref="StorageException">
    /// The disk is full, read-only, or otherwise refuses; what stood at <paramref name="path"/> stands there still.
    /// </exception>
    public static void Write(string path, Action<FileStream> write, bool flushToDisk = true, long length = 0)
    {
        ArgumentNullException.ThrowIfNull(write);
        string full = Path.GetFullPath(path);
        string sibling = $"{full}.{Environment.ProcessId}.{Environment.CurrentManagedThreadId}.partial";
        long reached = length;
        bool isOurs = true;
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(full)!);
            using (var stream = new FileStream(sibling, FileMode.Create, FileAccess.ReadWrite, FileShare.None, 1 << 16))
            {
                try
                {
                    write(stream);
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
            File.Move(sibling, full, overwrite: true);
        }
        catch (Exception error) when (isOurs && StorageException.Explains(error))
        {
            Discard(sibling);
            throw StorageException.For(full, error, reached);
        }
        catch
        {
            Discard(sibling);
            throw;
        }
    }

    // A disk that refused the result may refuse this too; the first error is the one to tell.
    private static void Discard(string sibling)
    {
        try
        {
            File.Delete(sibling);
        }
        catch (Exception error) when (StorageException.Explains(error))
        {
        }
    }

    /// <summary>Writes UTF-8 text without a byte-order mark.</summary>
    public static void WriteText(string path, string text) => WriteBytes(path, System.Text.Encoding.UTF8.GetBytes(text));

    /// <summary>Writes bytes.</summary>
    public static void WriteBytes(string path, byte[] bytes)
    {
        ArgumentNullException.ThrowIfNull(bytes);
        Write(path, stream => stream.Write(bytes), length: bytes.Length);
    }
}
