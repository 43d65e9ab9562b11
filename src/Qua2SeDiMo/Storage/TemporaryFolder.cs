using System.Globalization;

namespace Qua2SeDiMo.Storage;

/// <summary>
/// A folder for files that a call needs for a moment, in the system's folder for temporary files. One that a dead
/// process left is deleted when the next is made.
/// </summary>
internal sealed class TemporaryFolder : IDisposable
{
    private static int count;
    private readonly LockFile held;

    /// <summary>Makes an empty folder.</summary>
    /// <exception cref="StorageException">The system's folder for temporary files cannot be written.</exception>
    internal TemporaryFolder()
    {
        string parent = System.IO.Path.GetTempPath();
        PartialFiles.SweepOnce(parent);
        string name = string.Create(CultureInfo.InvariantCulture, $"q2-{Interlocked.Increment(ref count)}");
        Path = PartialFiles.NameFor(System.IO.Path.Combine(parent, name));
        try
        {
            AtomicFile.MakeFolder(Path);
            held =
                LockFile.TryTake(LockOf(Path))
                ?? throw new IOException("The folder was made a moment ago and is locked.");
        }
        catch (Exception error) when (StorageException.Explains(error))
        {
            throw StorageException.For(Path, error);
        }
    }

    /// <summary>Its path.</summary>
    internal string Path { get; }

    /// <summary>The file whose lock says that a folder is in use.</summary>
    internal static string LockOf(string folder) => System.IO.Path.Combine(folder, ".lock");

    /// <summary>Deletes the folder as far as the system lets it; files that are mapped go later on some
    /// systems.</summary>
    public void Dispose()
    {
        held.Dispose();
        try
        {
            if (Directory.Exists(Path))
                Directory.Delete(Path, recursive: true);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // The next process sweeps what stays.
        }
    }
}
