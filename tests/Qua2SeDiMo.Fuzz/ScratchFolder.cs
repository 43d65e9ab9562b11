namespace Qua2SeDiMo.Fuzz;

/// <summary>A temporary folder, in memory if possible, for readers that take paths.</summary>
internal sealed class ScratchFolder : IDisposable
{
    private readonly HashSet<string> written = new(StringComparer.Ordinal);

    internal ScratchFolder()
    {
        string parent = Directory.Exists("/dev/shm") ? "/dev/shm" : System.IO.Path.GetTempPath();
        Path = System.IO.Path.Combine(parent, $"q2-fuzz-{Environment.ProcessId}-{Environment.CurrentManagedThreadId}");
        Directory.CreateDirectory(Path);
        AppDomain.CurrentDomain.ProcessExit += (_, _) => Dispose();
    }

    internal string Path { get; }

    /// <summary>Makes the folder contain exactly the files of an input.</summary>
    internal string Fill(FuzzInput input)
    {
        foreach (string stale in written.Where(name => !input.Files.Any(file => file.Name == name)).ToList())
        {
            File.Delete(In(stale));
            written.Remove(stale);
        }
        foreach (FuzzFile file in input.Files)
        {
            string path = In(file.Name);
            if (written.Add(file.Name))
                Directory.CreateDirectory(System.IO.Path.GetDirectoryName(path)!);
            using FileStream stream = new(path, FileMode.Create, FileAccess.Write, FileShare.None, 0);
            stream.Write(file.Bytes);
        }
        return Path;
    }

    internal string In(string name) => System.IO.Path.Combine(Path, name);

    public void Dispose()
    {
        if (Directory.Exists(Path))
            Directory.Delete(Path, recursive: true);
    }
}
