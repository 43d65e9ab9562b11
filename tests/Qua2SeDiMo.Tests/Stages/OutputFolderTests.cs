using Qua2SeDiMo.Storage;
using Xunit;

namespace Qua2SeDiMo.Tests.Stages;

/// <summary>Output folders that cannot be written, or lack space, are detected before anything is written.</summary>
public sealed class OutputFolderTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("q2-output-").FullName;

    [Fact]
    public void A_place_that_is_not_there_yet_is_fine_and_nothing_is_left()
    {
        Assert.Null(new OutputFolder(Path.Combine(folder, "a", "b"), 0, "bank").Problem());
        Assert.Empty(Directory.EnumerateFileSystemEntries(folder));
    }

    [Fact]
    public void A_file_in_the_way_is_named()
    {
        string file = Path.Combine(folder, "f");
        AtomicFile.WriteText(file, "");
        Assert.Contains($"{file}: is a file", new OutputFolder(file, 0, "bank").Problem(), StringComparison.Ordinal);
        Assert.Contains(
            $"{file} is a file",
            new OutputFolder(Path.Combine(file, "below"), 0, "bank").Problem(),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void A_disk_without_room_is_named_with_both_sizes_and_what_they_are_for()
    {
        OutputFolder[] outputs =
        [
            new("r/bank", 5_000_000_000, "bank"),
            new("r", 2_000_000_000, "study"),
            new("/other", 9_000_000_000, "packed model"),
        ];

        string problem = Assert.Single(
            OutputFolder.WithoutRoom(
                outputs,
                path => path is "/" or "/other" ? ("/", 10_000_000_000) : ("/data", 6_900_000_000)
            )
        );

        Assert.StartsWith("/data: about 7.0 GB are needed", problem, StringComparison.Ordinal);
        Assert.Contains(
            "(5.0 GB for the bank in r/bank, 2.0 GB for the study in r), and 6.9 GB are free",
            problem,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void A_disk_that_does_not_say_how_much_is_free_is_not_refused() =>
        Assert.Empty(OutputFolder.WithoutRoom([new OutputFolder(folder, long.MaxValue, "bank")], _ => null));

    [Fact]
    public void The_disk_of_a_folder_says_how_much_is_free() =>
        Assert.Single(OutputFolder.WithoutRoom([new OutputFolder(folder, long.MaxValue, "bank")]));

    public void Dispose() => Directory.Delete(folder, recursive: true);
}
