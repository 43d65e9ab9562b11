using System.Globalization;
using Microsoft.Win32.SafeHandles;

namespace Qua2SeDiMo.Storage;

/// <summary>
/// Where a result that was asked for under a path really goes. Links are followed, so that the file behind a link is
/// replaced and the link stays; what is not a regular file (a pipe, <c>/dev/stdout</c>) gets the bytes straight, since
/// nothing can be renamed into its place.
/// </summary>
internal static class OutputTarget
{
    /// <summary>Stands for standard output where a file is asked for.</summary>
    internal const string StandardOutput = "-";

    /// <summary>The regular file to write, which need not exist yet; null where the path leads to something
    /// else.</summary>
    /// <exception cref="StorageException">The path leads to a folder, or around in links.</exception>
    internal static string? RegularFile(string path)
    {
        if (path == StandardOutput || Descriptor(path) is not null)
            return null;
        string final = FollowLinks(path);
        return FileStatus.Of(final)?.Kind switch
        {
            FileKind.Folder => throw new StorageException(
                StorageFault.Other,
                $"{path}: a folder stands where a file is to be written. Choose another name."
            ),
            FileKind.Special => null,
            _ => final,
        };
    }

    /// <summary>Full path of what a path leads to, which need not exist.</summary>
    /// <exception cref="StorageException">The links lead around.</exception>
    internal static string FollowLinks(string path)
    {
        string full = Path.GetFullPath(path);
        try
        {
            return File.ResolveLinkTarget(full, returnFinalTarget: true)?.FullName ?? full;
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
        {
            return full;
        }
        catch (IOException error)
        {
            throw new StorageException(
                StorageFault.Other,
                $"{path}: the link leads nowhere ({error.Message}). Name the file itself.",
                error
            );
        }
    }

    /// <summary>Opens what is not a regular file for writing at its present position.</summary>
    internal static Stream OpenSpecial(string path)
    {
        int? descriptor = path == StandardOutput ? 1 : Descriptor(path);
        return descriptor switch
        {
            1 => Console.OpenStandardOutput(),
            2 => Console.OpenStandardError(),
            // A descriptor that the shell opened keeps its place in the file, which opening the path again would not.
            { } number => new FileStream(new SafeFileHandle(number, ownsHandle: false), FileAccess.Write),
            null => new FileStream(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite),
        };
    }

    private static int? Descriptor(string path)
    {
        if (path == "/dev/stdout")
            return 1;
        if (path == "/dev/stderr")
            return 2;
        foreach (string folder in new[] { "/dev/fd/", "/proc/self/fd/" })
        {
            if (
                path.StartsWith(folder, StringComparison.Ordinal)
                && int.TryParse(
                    path.AsSpan(folder.Length),
                    NumberStyles.None,
                    CultureInfo.InvariantCulture,
                    out int number
                )
            )
            {
                return number;
            }
        }
        return null;
    }
}
