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
    public static void Write(string path, Action<FileStream> write, bool flushToDisk = true)
    {
        ArgumentNullException.ThrowIfNull(write);
        string full = Path.GetFullPath(path);
        Directory.CreateDirectory(Path.GetDirectoryName(full)!);
        string sibling = $"{full}.{Environment.ProcessId}.{Environment.CurrentManagedThreadId}.partial";
        try
        {
            using (var stream = new FileStream(sibling, FileMode.Create, FileAccess.ReadWrite, FileShare.None, 1 << 16))
            {
                write(stream);
                stream.Flush(flushToDisk);
            }
            File.Move(sibling, full, overwrite: true);
        }
        catch
        {
            File.Delete(sibling);
            throw;
        }
    }

    /// <summary>Writes UTF-8 text without a byte-order mark.</summary>
    public static void WriteText(string path, string text) =>
        Write(path, stream => stream.Write(System.Text.Encoding.UTF8.GetBytes(text)));
}
