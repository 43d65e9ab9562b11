using System.Globalization;

namespace Qua2SeDiMo.Storage;

/// <summary>A folder for short-lived files in the system's temporary folder. Folders of dead processes are deleted when
/// the next one is created.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    private static int count;
    private readonly LockFile held;

    /// <summary>Creates an empty folder.</summary>
    /// <exception cref="StorageException">The system's temporary folder cannot be written.</exception>
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

    /// <summary>Path of the folder.</summary>
    internal string Path { get; }

    /// <summary>The lock file that marks a folder as in use.</summary>
    internal static string LockOf(string folder) => System.IO.Path.Combine(folder, ".lock");

    /// <summary>Deletes the folder, as far as the system allows; some systems do not delete files that are mapped into
    /// memory.</summary>
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
            // A later process deletes the rest.
        }
    }
}
