namespace Qua2SeDiMo.Fuzz;

/// <summary>One file of an input, with the structure that a mutator parsed from it as a cache.</summary>
/// <param name="Name">Path inside the input's folder; its extension chooses the mutator.</param>
/// <param name="Bytes">Content of the file.</param>
internal sealed record FuzzFile(string Name, byte[] Bytes)
{
    internal object? Structure { get; set; }
}

/// <summary>Input of a reader: one file, or a folder of files.</summary>
internal sealed record FuzzInput(IReadOnlyList<FuzzFile> Files)
{
    internal static FuzzInput Of(string name, byte[] bytes) => new([new FuzzFile(name, bytes)]);

    internal static FuzzInput Of(string name, string text) => Of(name, System.Text.Encoding.UTF8.GetBytes(text));

    internal byte[] Bytes => Files[0].Bytes;

    internal string Text => System.Text.Encoding.UTF8.GetString(Bytes);

    internal long Size => Files.Sum(file => (long)file.Bytes.Length);

    internal FuzzInput With(int index, FuzzFile file) => new([.. Files.Select((old, i) => i == index ? file : old)]);
}
