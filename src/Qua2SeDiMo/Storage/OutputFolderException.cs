namespace Qua2SeDiMo.Storage;

/// <summary>Results cannot be written where they are wanted.</summary>
internal sealed class OutputFolderException : Q2Exception
{
    private OutputFolderException(string message, Exception? inner = null)
        : base(message, inner) { }

    /// <summary>Looks whether files could be written into a folder, which need not be there yet; it leaves nothing
    /// behind.</summary>
    /// <param name="path">The folder.</param>
    /// <exception cref="OutputFolderException">There is a file in its place or above it, or the program may not write
    /// there.</exception>
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
                // That it can be made is all there is to know.
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
