using System.Diagnostics;
using System.Text;
using Qua2SeDiMo.Storage;
using Xunit;

namespace Qua2SeDiMo.Tests;

/// <summary>Writing of results: through links, into pipes, over existing files, and after a process that
/// died.</summary>
public sealed class AtomicFileTests : IDisposable
{
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("q2-atomic-");

    private string In(string name) => Path.Combine(folder.FullName, name);

    [Fact]
    public void A_link_stays_and_the_file_behind_it_is_replaced()
    {
        Directory.CreateDirectory(In("elsewhere"));
        File.WriteAllText(In("elsewhere/result.txt"), "old");
        File.CreateSymbolicLink(In("one"), In("elsewhere/result.txt"));
        File.CreateSymbolicLink(In("two"), "one");

        AtomicFile.WriteText(In("two"), "new");

        Assert.Equal("new", File.ReadAllText(In("elsewhere/result.txt")));
        Assert.NotNull(new FileInfo(In("two")).LinkTarget);
        Assert.NotNull(new FileInfo(In("one")).LinkTarget);
        Assert.Equal(
            ["result.txt"],
            Directory.EnumerateFileSystemEntries(In("elsewhere")).Select(entry => Path.GetFileName(entry))
        );
    }

    [Fact]
    public void A_link_to_a_file_that_is_not_there_yet_makes_it()
    {
        File.CreateSymbolicLink(In("link"), In("target"));
        AtomicFile.WriteText(In("link"), "new");
        Assert.Equal("new", File.ReadAllText(In("target")));
        Assert.NotNull(new FileInfo(In("link")).LinkTarget);
    }

    [Fact]
    public void Links_that_lead_around_are_refused()
    {
        File.CreateSymbolicLink(In("a"), In("b"));
        File.CreateSymbolicLink(In("b"), In("a"));
        Assert.Contains(
            In("a"),
            Assert.Throws<StorageException>(() => AtomicFile.WriteText(In("a"), "x")).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void A_folder_in_the_way_is_refused()
    {
        Directory.CreateDirectory(In("taken"));
        Assert.Contains(
            "folder",
            Assert.Throws<StorageException>(() => AtomicFile.WriteText(In("taken"), "x")).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task A_pipe_gets_the_bytes_and_stays_a_pipe()
    {
        if (!OperatingSystem.IsLinux())
            return;
        using (Process make = Process.Start("mkfifo", [In("pipe")]))
            await make.WaitForExitAsync();
        Task<string> reader = Task.Run(() => File.ReadAllText(In("pipe")));

        AtomicFile.Write(
            In("pipe"),
            stream =>
            {
                stream.Write("xello"u8);
                // Writers may seek in their stream, which a pipe does not support.
                stream.Position = 0;
                stream.Write("h"u8);
            }
        );

        Assert.Equal("hello", await reader.WaitAsync(TimeSpan.FromSeconds(30)));
        Assert.Equal(FileKind.Special, FileStatus.Of(In("pipe"))!.Value.Kind);
    }

    [Fact]
    public void What_a_dead_process_left_is_swept_and_what_a_living_one_writes_is_not()
    {
        if (!OperatingSystem.IsLinux())
            return;
        using Process dead = Process.Start("true");
        dead.WaitForExit();
        string left = In($"result.txt.{dead.Id}.1.partial"),
            living = In($"result.txt.{Environment.ProcessId}.99.partial"),
            other = In("notes.partial");
        foreach (string file in new[] { left, living, other })
            File.WriteAllText(file, "half");

        AtomicFile.WriteText(In("result.txt"), "whole");

        Assert.False(File.Exists(left));
        Assert.True(File.Exists(living));
        Assert.True(File.Exists(other));
    }

    [Fact]
    public void A_partial_file_that_somebody_holds_is_not_swept_even_if_the_number_of_its_process_is_unknown_here()
    {
        if (!OperatingSystem.IsLinux())
            return;
        using Process dead = Process.Start("true");
        dead.WaitForExit();
        string held = In($"result.txt.{dead.Id}.1.partial");
        using (new FileStream(held, FileMode.Create, FileAccess.ReadWrite, FileShare.None))
            AtomicFile.WriteText(In("result.txt"), "whole");
        Assert.True(File.Exists(held));
    }

    [Fact]
    public void A_writer_that_throws_leaves_what_stood_there_and_nothing_else()
    {
        File.WriteAllText(In("result.txt"), "old");
        Assert.Throws<InvalidOperationException>(() =>
            AtomicFile.Write(
                In("result.txt"),
                stream =>
                {
                    stream.Write(Encoding.UTF8.GetBytes("half"));
                    throw new InvalidOperationException();
                }
            )
        );
        Assert.Equal("old", File.ReadAllText(In("result.txt")));
        Assert.Single(folder.EnumerateFileSystemInfos());
    }

    public void Dispose() => folder.Delete(recursive: true);
}
