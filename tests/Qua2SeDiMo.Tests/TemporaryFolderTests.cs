using Qua2SeDiMo.Storage;
using Xunit;

namespace Qua2SeDiMo.Tests;

/// <summary>Temporary folders are removed, also those of processes that died.</summary>
public sealed class TemporaryFolderTests
{
    private const int NoProcess = int.MaxValue;

    [Fact]
    public void It_goes_with_everything_in_it()
    {
        string path;
        using (var folder = new TemporaryFolder())
        {
            path = folder.Path;
            File.WriteAllText(Path.Combine(path, "graph.onnx"), "x");
        }
        Assert.False(Directory.Exists(path));
    }

    [Fact]
    public void A_sweep_takes_the_folders_of_dead_processes_and_leaves_those_in_use()
    {
        string parent = Directory.CreateTempSubdirectory("q2-sweep-").FullName;
        string dead = Make($"q2-1.{NoProcess}.1.partial"),
            used = Make($"q2-2.{NoProcess}.1.partial"),
            mine = Make($"q2-3.{Environment.ProcessId}.1.partial"),
            strange = Make("q2-4.partial");
        using (LockFile? held = LockFile.TryTake(TemporaryFolder.LockOf(used)))
        {
            Assert.NotNull(held);
            Assert.Null(LockFile.TryTake(TemporaryFolder.LockOf(used)));
            PartialFiles.SweepOnce(parent);
        }
        Assert.Equal([false, true, true, true], new[] { dead, used, mine, strange }.Select(Directory.Exists));
        Directory.Delete(parent, recursive: true);

        string Make(string name)
        {
            string path = Directory.CreateDirectory(Path.Combine(parent, name)).FullName;
            File.WriteAllText(Path.Combine(path, "graph.onnx"), "x");
            return path;
        }
    }

    [Fact]
    public void The_lock_of_a_dead_process_is_taken_over_and_its_file_goes()
    {
        string path = Path.Combine(Directory.CreateTempSubdirectory("q2-lock-").FullName, ".000.claim");
        File.WriteAllText(path, "");
        LockFile? held = LockFile.TryTake(path);
        Assert.NotNull(held);
        held.Dispose();
        Assert.False(File.Exists(path));
    }
}
