using Qua2SeDiMo.Storage;
using Xunit;

namespace Qua2SeDiMo.Tests;

/// <summary>Folders appear only when complete, with one writer at a time; the previous folder is restored when a writer
/// fails.</summary>
public sealed class AtomicFolderTests : IDisposable
{
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("q2-folder-");

    private string Target => Path.Combine(folder.FullName, "packed");

    [Fact]
    public void A_folder_is_replaced_whole()
    {
        Replace("old.txt");
        Replace("new.txt");
        Assert.Equal(["new.txt"], Names(Target));
        Assert.Equal(["packed"], Names(folder.FullName));
    }

    [Fact]
    public void A_writer_that_fails_leaves_what_stood_there()
    {
        Replace("old.txt");
        Assert.Throws<InvalidOperationException>(() =>
            AtomicFolder.Replace(
                Target,
                _ => { },
                filling =>
                {
                    File.WriteAllText(Path.Combine(filling, "half.txt"), "");
                    throw new InvalidOperationException();
                }
            )
        );
        Assert.Equal(["old.txt"], Names(Target));
        Assert.Equal(["packed"], Names(folder.FullName));
    }

    [Fact]
    public void A_check_that_throws_leaves_what_stood_there()
    {
        Replace("old.txt");
        Assert.Throws<InvalidOperationException>(() =>
            AtomicFolder.Replace(Target, _ => throw new InvalidOperationException(), _ => { })
        );
        Assert.Equal(["old.txt"], Names(Target));
    }

    [Fact]
    public void A_second_writer_says_that_there_is_a_first()
    {
        bool wasRefused = false;
        AtomicFolder.Replace(
            Target,
            _ => { },
            _ =>
            {
                StorageException error = Assert.Throws<StorageException>(() => Replace("second.txt"));
                wasRefused =
                    error.Message.Contains("another process", StringComparison.Ordinal)
                    && error.Message.Contains(Target, StringComparison.Ordinal);
            }
        );
        Assert.True(wasRefused);
        Assert.Empty(Names(Target));
    }

    [Fact]
    public void A_death_between_the_two_renames_is_put_right()
    {
        Replace("old.txt");
        Directory.Move(Target, Target + ".replaced");
        Directory.CreateDirectory(Target + ".partial");
        File.WriteAllText(Path.Combine(Target + ".partial", "half.txt"), "");

        string? found = null;
        Assert.Throws<InvalidOperationException>(() =>
            AtomicFolder.Replace(
                Target,
                full =>
                {
                    found = Names(full).Single();
                    throw new InvalidOperationException();
                },
                _ => { }
            )
        );

        Assert.Equal("old.txt", found);
        Assert.Equal(["packed"], Names(folder.FullName));
    }

    [Fact]
    public void A_link_to_a_folder_stays()
    {
        string real = Path.Combine(folder.FullName, "disk"),
            link = Path.Combine(folder.FullName, "link");
        Directory.CreateDirectory(real);
        Directory.CreateSymbolicLink(link, real);
        AtomicFolder.Replace(link, _ => { }, filling => File.WriteAllText(Path.Combine(filling, "new.txt"), ""));
        Assert.NotNull(new DirectoryInfo(link).LinkTarget);
        Assert.Equal(["new.txt"], Names(real));
    }

    public void Dispose() => folder.Delete(recursive: true);

    private void Replace(string name) =>
        AtomicFolder.Replace(Target, _ => { }, filling => File.WriteAllText(Path.Combine(filling, name), ""));

    private static string[] Names(string path) =>
        [
            .. Directory
                .EnumerateFileSystemEntries(path)
                .Select(entry => Path.GetFileName(entry))
                .Order(StringComparer.Ordinal),
        ];
}
