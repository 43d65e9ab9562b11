using System.Globalization;
using System.Text;
using Qua2SeDiMo.Storage;

namespace Qua2SeDiMo.Models.Fingerprints;

/// <summary>
/// Remembers fingerprints of files between runs, one small file per thing that was fingerprinted. A fingerprint holds
/// while paths, sizes, times and inodes of all its files are what they were. It only saves time: what cannot be read,
/// written or trusted is computed.
/// </summary>
internal sealed class FingerprintCache
{
    private const string Format = "q2-fingerprint 1";

    // A file that was written so shortly before may be written again within the tick of the clock that its times are
    // taken from.
    private const long SettledNanoseconds = 2_000_000_000;

    private readonly string? folder;
    private readonly TimeProvider time;

    /// <summary>Creates the cache.</summary>
    /// <param name="folder">Where it is kept; null keeps nothing.</param>
    /// <param name="time">Tells whether a file has been left alone for long enough.</param>
    public FingerprintCache(string? folder, TimeProvider time)
    {
        this.folder = folder;
        this.time = time;
    }

    /// <summary>The cache of the user: <c>q2/fingerprints</c> in <c>$XDG_CACHE_HOME</c>, or else in
    /// <c>~/.cache</c>.</summary>
    public static FingerprintCache OfUser(TimeProvider time)
    {
        // By the XDG specification a relative path counts as none.
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

    /// <summary>The fingerprint that is remembered, or a new one.</summary>
    /// <param name="subject">Says what is fingerprinted and how; another text is another fingerprint.</param>
    /// <param name="paths">The files that it depends on.</param>
    /// <param name="compute">Reads them.</param>
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
            // The next start reads the files again.
        }
    }

    private static string Check(string key, string fingerprint) => ContentHash.Of($"{key} {fingerprint}");
}
