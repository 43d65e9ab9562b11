using Qua2SeDiMo.Models.Fingerprints;
using Qua2SeDiMo.Storage;
using Xunit;

namespace Qua2SeDiMo.Tests.Models.Fingerprints;

/// <summary>When a fingerprint is computed again.</summary>
public sealed class FingerprintCacheTests : IDisposable
{
    private static readonly TimeProvider Later = new AheadOfTime();
    private readonly string folder = Directory.CreateTempSubdirectory("q2-cache-").FullName;
    private readonly string file;
    private int computed;

    public FingerprintCacheTests()
    {
        file = Path.Combine(folder, "file");
        AtomicFile.WriteText(file, "one");
    }

    private string CacheFolder => Path.Combine(folder, "cache");

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public void A_file_that_was_not_touched_is_read_once()
    {
        Assert.Equal("fingerprint 1", Get());
        Assert.Equal("fingerprint 1", Get());
    }

    [Fact]
    public void Another_content_of_the_same_size_and_time_of_modification_is_read_again()
    {
        Get();
        DateTime before = File.GetLastWriteTimeUtc(file);
        using (FileStream stream = File.OpenWrite(file))
            stream.Write("two"u8);
        File.SetLastWriteTimeUtc(file, before);

        Assert.Equal("fingerprint 2", Get());
    }

    [Fact]
    public void A_file_that_took_the_place_of_another_is_read_again()
    {
        Get();
        string other = Path.Combine(folder, "other");
        AtomicFile.WriteText(other, "two");
        File.SetLastWriteTimeUtc(other, File.GetLastWriteTimeUtc(file));
        File.Move(other, file, overwrite: true);

        Assert.Equal("fingerprint 2", Get());
    }

    [Fact]
    public void A_file_that_was_written_just_now_is_not_remembered()
    {
        var cache = new FingerprintCache(CacheFolder, TimeProvider.System);
        AtomicFile.WriteText(file, "new");

        Assert.Equal("fingerprint 1", cache.Get("x", [file], Compute));
        Assert.Equal("fingerprint 2", cache.Get("x", [file], Compute));
    }

    [Fact]
    public void A_file_that_changes_while_it_is_read_is_not_remembered()
    {
        var cache = new FingerprintCache(CacheFolder, Later);
        cache.Get(
            "x",
            [file],
            () =>
            {
                AtomicFile.WriteText(file, "changed");
                return Compute();
            }
        );

        Assert.Equal("fingerprint 2", cache.Get("x", [file], Compute));
    }

    [Fact]
    public void Other_subjects_have_fingerprints_of_their_own()
    {
        var cache = new FingerprintCache(CacheFolder, Later);
        Assert.Equal("fingerprint 1", cache.Get("a", [file], Compute));
        Assert.Equal("fingerprint 2", cache.Get("b", [file], Compute));
        Assert.Equal("fingerprint 1", cache.Get("a", [file], Compute));
    }

    [Theory]
    [InlineData("")]
    [InlineData("q2-fingerprint 1\n")]
    [InlineData("\0\0\0\0")]
    public void A_damaged_cache_is_made_again(string content)
    {
        Get();
        foreach (string path in Directory.EnumerateFiles(CacheFolder))
            AtomicFile.WriteText(path, content);

        Assert.Equal("fingerprint 2", Get());
        Assert.Equal("fingerprint 2", Get());
    }

    [Fact]
    public void One_changed_letter_in_the_cache_is_noticed()
    {
        Get();
        string path = Directory.EnumerateFiles(CacheFolder).Single();
        AtomicFile.WriteText(
            path,
            File.ReadAllText(path).Replace("\nfingerprint 1\n", "\nfingerprint 7\n", StringComparison.Ordinal)
        );

        Assert.Equal("fingerprint 2", Get());
    }

    [Fact]
    public void A_cache_that_cannot_be_written_or_read_is_gone_without()
    {
        AtomicFile.WriteText(CacheFolder, "a file where the folder should be");
        Assert.Equal("fingerprint 1", Get());
        Assert.Equal("fingerprint 2", Get());
        Assert.Equal("fingerprint 3", new FingerprintCache(null, Later).Get("x", [file], Compute));
    }

    private string Get() => new FingerprintCache(CacheFolder, Later).Get("x", [file], Compute);

    private string Compute() => $"fingerprint {++computed}";

    private sealed class AheadOfTime : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => System.GetUtcNow().AddHours(1);
    }
}
