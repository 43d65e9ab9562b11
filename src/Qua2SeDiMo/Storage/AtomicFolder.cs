namespace Qua2SeDiMo.Storage;

/// <summary>
/// Fills a temporary folder beside its destination and publishes it as a whole: the old folder is renamed, the new one
/// is renamed to the destination, then the old one is deleted. A lock allows one process at a time; it first repairs
/// what a process that died has left.
/// </summary>
internal static class AtomicFolder
{
    private const string Filling = ".partial",
        Aside = ".replaced",
        LockSuffix = ".lock";

    /// <summary>Replaces or creates a folder.</summary>
    /// <param name="target">The folder; a link to one is followed.</param>
    /// <param name="check">Called with the destination under the lock and before any work; throws if it must not be
    /// replaced.</param>
    /// <param name="fill">Fills the empty folder at the given path.</param>
    /// <returns>Full path of the published folder.</returns>
    /// <exception cref="StorageException">Another process is writing the folder, or writing failed; the old content is
    /// kept.</exception>
    internal static string Replace(string target, Action<string> check, Action<string> fill)
    {
        string full = OutputTarget.FollowLinks(Path.TrimEndingDirectorySeparator(target));
        string filling = full + Filling,
            aside = full + Aside;
        try
        {
            AtomicFile.MakeFolder(Path.GetDirectoryName(full)!);
            using LockFile _ = Lock(full);
            Repair(full, filling, aside);
            check(full);
            try
            {
                AtomicFile.MakeFolder(filling);
                fill(filling);
                Publish(full, filling, aside);
            }
            catch
            {
                Discard(filling);
                throw;
            }
            return full;
        }
        catch (Exception error) when (StorageException.Explains(error))
        {
            throw StorageException.For(full, error);
        }
    }

    private static LockFile Lock(string full) =>
        LockFile.TryTake(Path.Combine(Path.GetDirectoryName(full)!, $".{Path.GetFileName(full)}{LockSuffix}"))
        ?? throw new StorageException(
            StorageFault.Busy,
            $"{full}: another process is writing this folder. Wait until it has finished, or write to another folder."
        );

    private static void Repair(string full, string filling, string aside)
    {
        Discard(filling);
        if (!Directory.Exists(aside))
            return;
        if (Directory.Exists(full))
        {
            Discard(aside);
            return;
        }
        // The process died between the two renames.
        FaultPoint.Reach(StorageStep.Rename, full);
        Directory.Move(aside, full);
    }

    private static void Publish(string full, string filling, string aside)
    {
        bool replaces = Directory.Exists(full);
        if (replaces)
        {
            FaultPoint.Reach(StorageStep.Rename, aside);
            Directory.Move(full, aside);
        }
        try
        {
            FaultPoint.Reach(StorageStep.Rename, full);
            Directory.Move(filling, full);
        }
        catch
        {
            if (replaces)
                Directory.Move(aside, full);
            throw;
        }
        if (replaces)
            Discard(aside);
    }

    // A failure to delete is ignored; the next writer deletes the rest.
    private static void Discard(string folder)
    {
        if (!Directory.Exists(folder))
            return;
        try
        {
            FaultPoint.Reach(StorageStep.Delete, folder);
            Directory.Delete(folder, recursive: true);
        }
        catch (Exception error) when (StorageException.Explains(error)) { }
    }
}
