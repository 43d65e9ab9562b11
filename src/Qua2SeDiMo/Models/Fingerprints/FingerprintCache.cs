using System.Globalization;
using System.Text;
using Qua2SeDiMo.Storage;

namespace Qua2SeDiMo.Models.Fingerprints;

/// <summary>
/// Caches fingerprints of files between runs, in one small file per fingerprint. An entry is valid while path, size,
/// times and inode of all its files are unchanged. The cache only saves time: when an entry cannot be read, written or
/// trusted, the fingerprint is computed.
/// </summary>
internal sealed class FingerprintCache
{
    private const string Format = "q2-fingerprint 1";

    // A file that changed within this time is not cached: it could change again without a new timestamp, because clocks
    // of file systems are coarse.
    private const long SettledNanoseconds = 2_000_000_000;

    private readonly string? folder;
    private readonly TimeProvider time;

    /// <summary>Creates the cache.</summary>
    /// <param name="folder">Folder of the cache; null disables it.</param>
    /// <param name="time">Clock, to decide whether a file changed too recently to be cached.</param>
    public FingerprintCache(string? folder, TimeProvider time)
    {
        this.folder = folder;
        this.time = time;
    }

    /// <summary>The cache of the user: <c>q2/fingerprints</c> in <c>$XDG_CACHE_HOME</c>, or else in
    /// <c>~/.cache</c>.</summary>
    public static FingerprintCache OfUser(TimeProvider time)
    {
        // The XDG specification requires that a relative path is ignored.
        string? root = Environment.GetEnvironmentVariable("XDG_CACHE_HOME");
        if (string.IsNullOrEmpty(root) || !Path.IsPathFullyQualified(root))
        {
            string home = Environment.GetFolderPath(
                Environment.SpecialFolder.UserProfile,
                Environment.SpecialFolderOption.DoNotVerify
            );
            root = home.Length == 0 ? null : Path.Combine(home, ".cache");
        }
        return new FingerprintCache(root is null ? null : Path.Combine(root, "q2", "fingerprints"), time);
    }

    /// <summary>Returns the cached fingerprint, or computes and caches it.</summary>
    /// <param name="subject">Names what is fingerprinted and how; part of the entry's key.</param>
    /// <param name="paths">The files that it depends on.</param>
    /// <param name="compute">Computes the fingerprint from the files.</param>
    public string Get(string subject, IEnumerable<string> paths, Func<string> compute)
    {
        ArgumentNullException.ThrowIfNull(compute);
        string[] files = [.. paths.Select(Path.GetFullPath)];
        string name = ContentHash.Of(string.Join('\0', [Format, subject, .. files]));
        if (States(files) is not { } before)
            return compute();
        string key = Key(before);
        if (Read(name, key) is { } known)
            return known;
        string computed = compute();
        if (States(files) is { } after && Key(after) == key && IsSettled(after))
            Write(name, key, computed);
        return computed;
    }

    private bool IsSettled(FileStatus[] states)
    {
        long now = (time.GetUtcNow() - DateTimeOffset.UnixEpoch).Ticks * TimeSpan.NanosecondsPerTick;
        return Array.TrueForAll(states, state => now - state.Newest > SettledNanoseconds);
    }

    private static FileStatus[]? States(string[] files)
    {
        var states = new FileStatus[files.Length];
        for (int i = 0; i < files.Length; i++)
        {
            if (FileStatus.Of(files[i]) is not { } state)
                return null;
            states[i] = state;
        }
        return states;
    }

    private static string Key(FileStatus[] states) =>
        ContentHash.Of(
            string.Join(
                '\n',
                states.Select(state =>
                    string.Create(
                        CultureInfo.InvariantCulture,
                        $"{state.Device} {state.Inode} {state.Size} {state.Modified} {state.Changed}"
                    )
                )
            )
        );

    private string? Read(string name, string key)
    {
        if (folder is null)
            return null;
        try
        {
            string[] words = File.ReadAllText(Path.Combine(folder, name)).Split('\n');
            return
                words is [Format, string stored, string fingerprint, string check]
                && stored == key
                && check == Check(key, fingerprint)
                ? fingerprint
                : null;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private void Write(string name, string key, string fingerprint)
    {
        if (folder is null)
            return;
        try
        {
            string text = string.Join('\n', Format, key, fingerprint, Check(key, fingerprint));
            AtomicFile.Write(
                Path.Combine(folder, name),
                stream => stream.Write(Encoding.UTF8.GetBytes(text)),
                flushToDisk: false
            );
        }
        catch (Exception error) when (error is StorageException or IOException or UnauthorizedAccessException)
        {
            // Without an entry, the next run computes the fingerprint again.
        }
    }

    private static string Check(string key, string fingerprint) => ContentHash.Of($"{key} {fingerprint}");
}
