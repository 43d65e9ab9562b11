using System.Globalization;
using Microsoft.Win32.SafeHandles;

namespace Qua2SeDiMo.Storage;

/// <summary>
/// Resolves the path of a result. Links are followed, so that the file behind a link is replaced and the link is kept.
/// A target that is not a regular file (a pipe, <c>/dev/stdout</c>) is written directly, since no file can be renamed
/// over it.
/// </summary>
internal static class OutputTarget
{
    /// <summary>Path that stands for standard output.</summary>
    internal const string StandardOutput = "-";

    /// <summary>The regular file to write, which need not exist yet; null if the path leads to something
    /// else.</summary>
    /// <exception cref="StorageException">The path leads to a folder or to a cycle of links.</exception>
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

    /// <summary>Full path of the final target of a path, which need not exist.</summary>
    /// <exception cref="StorageException">The links form a cycle.</exception>
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

    /// <summary>Opens a target that is not a regular file for writing at its current position.</summary>
    internal static Stream OpenSpecial(string path)
    {
        int? descriptor = path == StandardOutput ? 1 : Descriptor(path);
        return descriptor switch
        {
            1 => Console.OpenStandardOutput(),
            2 => Console.OpenStandardError(),
            // An inherited descriptor keeps its position in the file; opening its path again would not.
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
