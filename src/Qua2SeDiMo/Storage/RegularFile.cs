namespace Qua2SeDiMo.Storage;

/// <summary>Opens files from outside. A pipe or a device in place of a file could block or never end. Since these
/// report a length of 0, files without bytes are never opened.</summary>
internal static class RegularFile
{
    /// <summary>Length in bytes, with links followed; 0 for a pipe or a device.</summary>
    /// <exception cref="InputFileException">The file is missing, a broken link, or a folder.</exception>
    public static long Length(string path) => Find(path).Length;

    /// <summary>Opens a file for reading.</summary>
    /// <exception cref="InputFileException">The file is missing, a folder, empty, or not a regular file.</exception>
    /// <exception cref="StorageException">The program may not read the file, or the disk fails.</exception>
    public static FileStream Open(string path)
    {
        if (Find(path).Length == 0)
            throw new InputFileException($"{path}: the file is empty, or no regular file (a pipe or a device).");
        return Guard(path, () => File.OpenRead(path));
    }

    /// <summary>Reads a whole file; returns no bytes for an empty file, a pipe or a device.</summary>
    /// <param name="path">The file.</param>
    /// <param name="maximumBytes">Largest length that is read.</param>
    /// <exception cref="InputFileException">The file is missing, a folder, or too large.</exception>
    /// <exception cref="StorageException">The program may not read the file, or the disk fails.</exception>
    public static byte[] ReadAllBytes(string path, long maximumBytes)
    {
        long length = Find(path).Length;
        if (length > maximumBytes)
            throw new InputFileException(
                $"{path}: {length:#,0} bytes; at most {maximumBytes:#,0} are read of such a file."
            );
        return length == 0 ? [] : Guard(path, () => File.ReadAllBytes(path));
    }

    private static FileInfo Find(string path) =>
        Guard(
            path,
            () =>
            {
                FileSystemInfo? target = new FileInfo(path).LinkTarget is null
                    ? null
                    : File.ResolveLinkTarget(path, returnFinalTarget: true);
                var file = new FileInfo(target?.FullName ?? path);
                if (Directory.Exists(file.FullName))
                    throw new InputFileException($"{path}: a folder; a file is expected.");
                if (!file.Exists)
                    throw new InputFileException(
                        target is null
                            ? $"{path}: there is no such file."
                            : $"{path}: the link leads to {file.FullName}, which is not there."
                    );
                return file;
            }
        );

    private static T Guard<T>(string path, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (Exception error) when (StorageException.Explains(error))
        {
            throw StorageException.For(path, error);
        }
    }
}
