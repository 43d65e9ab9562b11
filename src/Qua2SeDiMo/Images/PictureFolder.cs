using System.Globalization;
using Qua2SeDiMo.Storage;

namespace Qua2SeDiMo.Images;

/// <summary>A folder to which images are added. Each image takes the next free number, so that no existing file is
/// replaced, even if several processes add images at the same time: a number is claimed by a lock file.</summary>
internal sealed class PictureFolder
{
    private const string ClaimSuffix = ".claim";
    private readonly string path;
    private readonly HashSet<int> taken = [];
    private int next;

    /// <summary>Lists the numbers in use. The folder itself is created with the first image.</summary>
    /// <param name="path">The folder.</param>
    /// <exception cref="OutputFolderException">The folder cannot be created or written.</exception>
    internal PictureFolder(string path)
    {
        OutputFolderException.Check(path);
        this.path = path;
        if (!Directory.Exists(path))
            return;
        // Removes partial files and claims of dead processes, which would otherwise block numbers.
        PartialFiles.SweepOnce(path);
        LockFile.SweepIn(path, $".*{ClaimSuffix}");
        foreach (string name in Directory.EnumerateFileSystemEntries(path).Select(entry => Path.GetFileName(entry)))
        {
            int end = name.IndexOf('-', StringComparison.Ordinal);
            if (
                end >= 3
                && int.TryParse(name.AsSpan(0, end), NumberStyles.None, CultureInfo.InvariantCulture, out int number)
            )
                taken.Add(number);
        }
    }

    /// <summary>Adds an image under the next free number.</summary>
    /// <param name="title">Name of the file after the number.</param>
    /// <param name="png">Bytes of the PNG file.</param>
    /// <returns>Path of the file.</returns>
    internal string Add(string title, byte[] png)
    {
        while (true)
        {
            while (taken.Contains(next))
                next++;
            string number = next.ToString("000", CultureInfo.InvariantCulture);
            taken.Add(next);
            if (TryAdd(number, $"{number}-*", $"{number}-{title}.png", png) is { } file)
                return file;
        }
    }

    /// <summary>Adds a contact sheet as <c>sheet.png</c>, or with the next free number if that exists.</summary>
    internal string AddSheet(byte[] png)
    {
        for (int number = 0; ; number++)
        {
            string stem = number == 0 ? "sheet" : string.Create(CultureInfo.InvariantCulture, $"sheet-{number:000}");
            if (TryAdd(stem, $"{stem}.png", $"{stem}.png", png) is { } file)
                return file;
        }
    }

    // Returns null if the name is taken or claimed by another process.
    private string? TryAdd(string stem, string pattern, string name, byte[] png)
    {
        AtomicFile.MakeFolder(path);
        using LockFile? claim = LockFile.TryTake(Path.Combine(path, $".{stem}{ClaimSuffix}"));
        if (claim is null || Directory.EnumerateFileSystemEntries(path, pattern).Any())
            return null;
        string file = Path.Combine(path, name);
        AtomicFile.Write(file, stream => stream.Write(png));
        return file;
    }
}
