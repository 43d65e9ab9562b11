namespace Qua2SeDiMo.Storage;

/// <summary>A folder that a stage will write to, with an estimate of the disk space needed.</summary>
/// <param name="Path">The folder; need not exist yet.</param>
/// <param name="Bytes">Estimate of the bytes that will be written.</param>
/// <param name="What">Content of the folder, for messages, for instance <c>bank</c> or <c>packed model</c>.</param>
internal sealed record OutputFolder(string Path, long Bytes, string What)
{
    private const double Giga = 1e9,
        Mega = 1e6;

    /// <summary>Describes why the folder cannot be written; null if it can. Leaves no files.</summary>
    internal string? Problem()
    {
        string full = System.IO.Path.GetFullPath(Path);
        if (File.Exists(full))
        {
            return $"{Path}: is a file, and a folder is to be written there ({What}). Choose another place, or move the file away.";
        }
        string existing = Existing(full);
        if (File.Exists(existing))
            return $"{Path}: no folder can be made there ({What}), because {existing} is a file.";
        try
        {
            string probe = System.IO.Path.Combine(existing, $".q2-{System.IO.Path.GetRandomFileName()}");
            using var stream = new FileStream(
                probe,
                FileMode.CreateNew,
                FileAccess.Write,
                FileShare.None,
                1,
                FileOptions.DeleteOnClose
            );
            return null;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return $"{Path}: cannot be written to ({What}): {error.Message} Choose another place, or change its permissions.";
        }
    }

    /// <summary>Describes the problems of all folders. Of folders with the same nearest existing parent, only one is
    /// checked.</summary>
    internal static IEnumerable<string> Problems(IEnumerable<OutputFolder> outputs) =>
        outputs
            .OrderBy(output => output.Path.Length)
            .DistinctBy(output => Existing(System.IO.Path.GetFullPath(output.Path)))
            .Select(output => output.Problem())
            .OfType<string>();

    /// <summary>Describes the disks that lack space, from the real free space.</summary>
    internal static IEnumerable<string> WithoutRoom(IEnumerable<OutputFolder> outputs) =>
        WithoutRoom(outputs, FreeBytes);

    /// <summary>Describes the disks that lack space for all that is to be written to them, one sentence per
    /// disk.</summary>
    /// <param name="outputs">All folders.</param>
    /// <param name="disk">Gives the name and the free bytes of the disk of an existing folder; null if unknown.</param>
    internal static IEnumerable<string> WithoutRoom(
        IEnumerable<OutputFolder> outputs,
        Func<string, (string Name, long FreeBytes)?> disk
    )
    {
        var byDisk = outputs
            .Select(output => (Output: output, Disk: disk(Existing(System.IO.Path.GetFullPath(output.Path)))))
            .Where(pair => pair.Disk is not null)
            .GroupBy(pair => pair.Disk!.Value.Name, StringComparer.Ordinal);
        foreach (var group in byDisk)
        {
            long needed = group.Sum(pair => pair.Output.Bytes),
                free = group.Min(pair => pair.Disk!.Value.FreeBytes);
            if (needed <= free)
                continue;
            IEnumerable<string> parts = group
                .Select(pair => pair.Output)
                .Where(output => output.Bytes > 0)
                .Select(output => $"{Size(output.Bytes)} for the {output.What} in {output.Path}");
            yield return $"{group.Key}: about {Size(needed)} are needed ({string.Join(", ", parts)}), and {Size(free)} are free. "
                + "Make room, or choose a place on another disk.";
        }
    }

    // The folder itself, or its nearest existing parent.
    private static string Existing(string full)
    {
        string existing = full;
        while (
            !Directory.Exists(existing)
            && !File.Exists(existing)
            && System.IO.Path.GetDirectoryName(existing) is { } parent
        )
        {
            existing = parent;
        }
        return existing;
    }

    private static (string, long)? FreeBytes(string existing)
    {
        try
        {
            DriveInfo? mounted = DriveInfo
                .GetDrives()
                .Where(drive => Contains(drive.RootDirectory.FullName, existing))
                .MaxBy(drive => drive.RootDirectory.FullName.Length);
            return mounted is null ? null : (mounted.Name, mounted.AvailableFreeSpace);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // Unknown free space is no reason to fail.
            return null;
        }
    }

    private static bool Contains(string root, string path) =>
        root.EndsWith(System.IO.Path.DirectorySeparatorChar)
            ? path.StartsWith(root, StringComparison.Ordinal)
            : path == root || path.StartsWith(root + System.IO.Path.DirectorySeparatorChar, StringComparison.Ordinal);

    private static string Size(long bytes) =>
        bytes >= Giga ? FormattableString.Invariant($"{bytes / Giga:#,0.0} GB")
        : bytes >= Mega ? FormattableString.Invariant($"{bytes / Mega:0.0} MB")
        : FormattableString.Invariant($"{bytes:#,0} bytes");
}
