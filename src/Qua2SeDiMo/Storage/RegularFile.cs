namespace Qua2SeDiMo.Storage;

/// <summary>
/// Opens files of others. A pipe or a device under the name of a file would block or never end, so only regular files
/// are opened: a file without bytes (which is what pipes, devices and sockets report) is never opened at all.
/// </summary>
internal static class RegularFile
{
    /// <summary>Length in bytes, through links; 0 for a pipe or a device.</summary>
    /// <exception cref="InputFileException">There is no such file, a link leads nowhere, or it is a folder.</exception>
    public static long Length(string path) => Find(path).Length;

    /// <summary>Opens a file for reading, at its first byte.</summary>
    /// <exception cref="InputFileException">It is missing, a folder, without bytes, or no regular file.</exception>
    /// <exception cref="StorageException">It may not be read, or the disk fails.</exception>
    public static FileStream Open(string path)
    {
        if (Find(path).Length == 0)
            throw new InputFileException($"{path}: the file is empty, or no regular file (a pipe or a device).");
        return Guard(path, () => File.OpenRead(path));
    }

    /// <summary>Reads a whole file; one without bytes, pipes and devices among them, gives none.</summary>
    /// <param name="path">The file.</param>
    /// <param name="maximumBytes">More are refused before anything is read.</param>
    /// <exception cref="InputFileException">It is missing, a folder, or larger than that.</exception>
    /// <exception cref="StorageException">It may not be read, or the disk fails.</exception>
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
