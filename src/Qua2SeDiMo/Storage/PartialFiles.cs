using System.Collections.Concurrent;
using System.Globalization;

namespace Qua2SeDiMo.Storage;

/// <summary>
/// Names of what is being written beside its place, and the sweep of those whose process died before the rename. A name
/// holds the number of its process; the process also keeps a lock on the file, so that a sweep from another container,
/// where numbers mean other processes, leaves it.
/// </summary>
internal static class PartialFiles
{
    private const string Suffix = ".partial";
    private static readonly ConcurrentDictionary<string, bool> Swept = new(StringComparer.Ordinal);

    /// <summary>Where a result of a path is written by the calling thread.</summary>
    internal static string NameFor(string path) =>
        string.Create(
            CultureInfo.InvariantCulture,
            $"{path}.{Environment.ProcessId}.{Environment.CurrentManagedThreadId}{Suffix}"
        );

    /// <summary>Deletes what dead processes left in a folder, once per folder and process. It never fails: what cannot
    /// be deleted stays.</summary>
    internal static void SweepOnce(string folder)
    {
        if (!Swept.TryAdd(folder, true))
            return;
        try
        {
            foreach (string file in Directory.EnumerateFiles(folder, "*" + Suffix))
            {
                if (ProcessOf(file) is { } process && !IsAlive(process))
                    DeleteUnlessLocked(file);
            }
            foreach (string left in Directory.EnumerateDirectories(folder, "*" + Suffix))
            {
                if (ProcessOf(left) is { } process && !IsAlive(process))
                    DeleteFolderUnlessLocked(left);
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // A folder that cannot be listed is swept by a later start.
        }
    }

    /// <summary>Whether a process of this number runs here.</summary>
    internal static bool IsAlive(int process) =>
        Directory.Exists(string.Create(CultureInfo.InvariantCulture, $"/proc/{process}"));

    private static void DeleteUnlessLocked(string file)
    {
        try
        {
            using (new FileStream(file, FileMode.Open, FileAccess.ReadWrite, FileShare.None))
                FaultPoint.Reach(StorageStep.Delete, file);
            File.Delete(file);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // Its process lives elsewhere, or another sweep was faster.
        }
    }

    private static void DeleteFolderUnlessLocked(string folder)
    {
        try
        {
            using LockFile? held = LockFile.TryTake(TemporaryFolder.LockOf(folder));
            if (held is not null)
                Directory.Delete(folder, recursive: true);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // It is another user's, or another sweep was faster.
        }
    }

    // RESULT.PROCESS.THREAD.partial
    private static int? ProcessOf(string path)
    {
        string[] words = Path.GetFileName(path).Split('.');
        return
            words.Length >= 4
            && words[^1] == Suffix[1..]
            && IsNumber(words[^2], out _)
            && IsNumber(words[^3], out int process)
            ? process
            : null;
    }

    private static bool IsNumber(string text, out int number) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);
}
