using Qua2SeDiMo.Storage;
using Xunit;

namespace Qua2SeDiMo.Tests;

public sealed class StorageExceptionTests : IDisposable
{
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("q2-storage-");

    [Theory]
    [InlineData(28, nameof(StorageFault.DiskFull), "the disk is full")]
    [InlineData(122, nameof(StorageFault.QuotaExceeded), "quota")]
    [InlineData(30, nameof(StorageFault.ReadOnly), "read-only")]
    [InlineData(13, nameof(StorageFault.NoPermission), "permission denied")]
    [InlineData(1, nameof(StorageFault.NoPermission), "permission denied")]
    [InlineData(5, nameof(StorageFault.DeviceError), "the disk")]
    [InlineData(2, nameof(StorageFault.Missing), "no such file")]
    [InlineData(24, nameof(StorageFault.TooManyOpenFiles), "ulimit -n")]
    [InlineData(12, nameof(StorageFault.OutOfMemory), "memory")]
    [InlineData(99, nameof(StorageFault.Other), "in the system's words")]
    public void Each_error_of_the_system_has_a_sentence_of_its_own(int number, string faultName, string words)
    {
        var fault = Enum.Parse<StorageFault>(faultName);
        StorageException error = StorageException.For(
            "/a/file",
            new IOException("in the system's words", number),
            1234567
        );
        Assert.Equal(fault, error.Fault);
        Assert.StartsWith("/a/file: ", error.Message, StringComparison.Ordinal);
        Assert.Contains(words, error.Message, StringComparison.Ordinal);
        Assert.Contains("1,234,567 bytes", error.Message, StringComparison.Ordinal);
        Assert.Equal(
            fault,
            StorageException.For("/a/file", new UnauthorizedAccessException("no", new IOException("x", number))).Fault
                is var inner
            && fault == StorageFault.Other
                ? fault
                : inner
        );
    }

    [SmallDiskFact]
    public void A_full_disk_is_said_as_such_and_the_old_file_stays()
    {
        using var disk = new SmallDisk(64);
        AtomicFile.WriteText(disk.In("plan.json"), "old");
        StorageException error = Assert.Throws<StorageException>(() =>
            AtomicFile.WriteText(disk.In("plan.json"), new string('x', 1 << 20))
        );
        Assert.Equal(StorageFault.DiskFull, error.Fault);
        Assert.Contains(
            $"{disk.In("plan.json")}: the disk is full; at least 1,048,576 bytes were wanted",
            error.Message,
            StringComparison.Ordinal
        );
        Assert.Equal("old", File.ReadAllText(disk.In("plan.json")));
        Assert.Equal(["plan.json"], Directory.EnumerateFiles(disk.Path).Select(Path.GetFileName));
    }

    [SmallDiskFact]
    public void A_read_only_disk_is_said_as_such()
    {
        using var disk = new SmallDisk(64);
        disk.MakeReadOnly();
        Assert.Equal(
            StorageFault.ReadOnly,
            Assert.Throws<StorageException>(() => AtomicFile.WriteText(disk.In("plan.json"), "new")).Fault
        );
        Assert.Equal(
            StorageFault.ReadOnly,
            Assert.Throws<StorageException>(() => AtomicFile.WriteText(disk.In("folder/plan.json"), "new")).Fault
        );
    }

    [Fact]
    public void A_folder_that_is_a_file_is_named()
    {
        string file = Path.Combine(folder.FullName, "taken");
        File.Create(file).Dispose();
        Assert.Contains(
            file,
            Assert.Throws<StorageException>(() => AtomicFile.WriteText(Path.Combine(file, "plan.json"), "new")).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void An_error_of_what_is_read_is_not_blamed_on_what_is_written()
    {
        string target = Path.Combine(folder.FullName, "out");
        Exception error = Assert.Throws<FileNotFoundException>(() =>
            AtomicFile.Write(target, _ => File.OpenRead(Path.Combine(folder.FullName, "absent")).Dispose())
        );
        Assert.Contains("absent", error.Message, StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFiles(folder.FullName));
    }

    public void Dispose() => folder.Delete(recursive: true);
}
