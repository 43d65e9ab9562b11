namespace Qua2SeDiMo.Fuzz;

/// <summary>Inputs that failed once, by reader: a file each, or a folder for readers of several files.</summary>
internal static class Corpus
{
    private static string Folder => Path.Combine(Targets.Samples.Root, "tests", "Qua2SeDiMo.Fuzz", "corpus");

    internal static IReadOnlyList<FuzzInput> Of(string reader)
    {
        string folder = Path.Combine(Folder, reader);
        return !Directory.Exists(folder)
            ? []
            :
            [
                .. Directory
                    .EnumerateDirectories(folder)
                    .Order(StringComparer.Ordinal)
                    .Select(entry => new FuzzInput([
                        .. Directory
                            .EnumerateFiles(entry, "*", SearchOption.AllDirectories)
                            .Order(StringComparer.Ordinal)
                            .Select(path => new FuzzFile(Path.GetRelativePath(entry, path), File.ReadAllBytes(path))),
                    ])),
            ];
    }

    /// <summary>Writes a finding to a folder for inspection; it may then be moved into the corpus.</summary>
    internal static string Save(string folder, Finding finding, int number)
    {
        string entry = Path.Combine(folder, finding.Reader, $"{number:000}");
        foreach (FuzzFile file in finding.Input.Files)
        {
            string path = Path.Combine(entry, file.Name);
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            using FileStream stream = File.Create(path);
            stream.Write(file.Bytes);
        }
        return entry;
    }
}
