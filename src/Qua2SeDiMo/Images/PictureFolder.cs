using System.Globalization;
using Qua2SeDiMo.Storage;

namespace Qua2SeDiMo.Images;

/// <summary>
/// A folder that pictures are added to. Each takes the next free number, so that nothing that is there is replaced,
/// also when several processes add to it at once: a number is claimed by a file that only one of them can hold.
/// </summary>
internal sealed class PictureFolder
{
    private const string ClaimSuffix = ".claim";
    private readonly string path;
    private readonly HashSet<int> taken = [];
    private int next;

    /// <summary>Looks at what is there; the folder itself is made with the first picture.</summary>
    /// <param name="path">The folder.</param>
    /// <exception cref="OutputFolderException">No folder can be there, or nothing can be written into it.</exception>
    internal PictureFolder(string path)
    {
        OutputFolderException.Check(path);
        this.path = path;
        if (!Directory.Exists(path))
            return;
        // What a dead process was about to write takes no number.
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

    /// <summary>Adds a picture under the next free number.</summary>
    /// <param name="title">The rest of its name.</param>
    /// <param name="png">Its bytes.</param>
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

    /// <summary>Adds a contact sheet: <c>sheet.png</c>, or with the next free number.</summary>
    internal string AddSheet(byte[] png)
    {
        for (int number = 0; ; number++)
        {
            string stem = number == 0 ? "sheet" : string.Create(CultureInfo.InvariantCulture, $"sheet-{number:000}");
            if (TryAdd(stem, $"{stem}.png", $"{stem}.png", png) is { } file)
                return file;
        }
    }

    // Null where the place is taken, or another process is about to take it.
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
