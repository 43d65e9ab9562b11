using System.Collections.Concurrent;
using System.Globalization;

namespace Qua2SeDiMo.Storage;

/// <summary>
/// Names of temporary files beside their destination, and the deletion of those whose process died before the rename. A
/// name contains the id of its process. The process also locks the file, so that a process in another container, where
/// ids differ, does not delete it.
/// </summary>
internal static class PartialFiles
{
    private const string Suffix = ".partial";
    private static readonly ConcurrentDictionary<string, bool> Swept = new(StringComparer.Ordinal);

    /// <summary>Path of the temporary file in which the calling thread writes the result for a path.</summary>
    internal static string NameFor(string path) =>
        string.Create(
            CultureInfo.InvariantCulture,
            $"{path}.{Environment.ProcessId}.{Environment.CurrentManagedThreadId}{Suffix}"
        );

    /// <summary>Deletes the partial files and folders that dead processes have left in a folder, once per folder and
    /// process; failures are ignored.</summary>
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
            // A later start tries again.
        }
    }

    /// <summary>Whether a process with this id runs, by /proc.</summary>
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
            // Its process runs in another container, or another process has deleted the file.
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
            // The folder belongs to another user, or another process has deleted it.
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
