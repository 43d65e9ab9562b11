namespace Qua2SeDiMo.Storage;

/// <summary>Thrown when results cannot be written to the given folder.</summary>
internal sealed class OutputFolderException : Q2Exception
{
    private OutputFolderException(string message, Exception? inner = null)
        : base(message, inner) { }

    /// <summary>Checks that files can be written to a folder, which need not exist yet. Leaves no files.</summary>
    /// <param name="path">The folder.</param>
    /// <exception cref="OutputFolderException">The path or one of its parents is a file or a broken link, or the
    /// program may not write there.</exception>
    public static void Check(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        if (path.Length == 0)
            throw new OutputFolderException("An empty path is no folder for results; '.' is the one that you are in.");
        string? folder = Path.GetFullPath(path);
        while (!Directory.Exists(folder))
        {
            if (File.Exists(folder))
                throw new OutputFolderException(
                    $"{folder}: is a file, where a folder for results is needed. Choose another path, or move the file away."
                );
            if (new FileInfo(folder).LinkTarget is { } target)
                throw new OutputFolderException(
                    $"{folder}: a link to '{target}', which is not there. Make that folder, or choose another path."
                );
            folder =
                Path.GetDirectoryName(folder)
                ?? throw new OutputFolderException($"{path}: there is no such place. Choose another path.");
        }
        try
        {
            string probe = Path.Combine(
                folder,
                $".q2-{Environment.ProcessId}.{Environment.CurrentManagedThreadId}.partial"
            );
            using (
                new FileStream(probe, FileMode.Create, FileAccess.Write, FileShare.None, 1, FileOptions.DeleteOnClose)
            )
            {
                // Creating the file is the whole test.
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new OutputFolderException(
                $"{folder}: nothing can be written there ({error.Message}). Choose another folder.",
                error
            );
        }
    }
}
