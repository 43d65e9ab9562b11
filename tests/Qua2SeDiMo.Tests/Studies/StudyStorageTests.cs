using Qua2SeDiMo.Quantizers;
using Qua2SeDiMo.Storage;
using Qua2SeDiMo.Studies;
using Qua2SeDiMo.Studies.Sampling;
using Qua2SeDiMo.Studies.Storage;
using Xunit;

namespace Qua2SeDiMo.Tests.Studies;

/// <summary>Full or read-only disks during a study are reported as such, and no trial is marked as failed.</summary>
public sealed class StudyStorageTests
{
    private static readonly AllocationSpace Space = new([("a", 4096, 64), ("b", 1024, 32)], 16);

    [SmallDiskFact]
    public void A_disk_that_fills_up_stops_the_study_and_fails_no_trial()
    {
        using var disk = new SmallDisk(1024);
        using (SqliteStudyStore store = Open(disk))
        {
            var filling = new Filler(disk, number: 2);
            // The process ends afterwards; there may not even be space to release the lease.
            StudyWorker ending = StudyWorker.ThisProcess() with
            {
                ProcessStart = "before",
            };
            TrialInterruptedException error = Assert.Throws<TrialInterruptedException>(() =>
                Runner(store, filling, ending).Run(4, 42)
            );
            Assert.Contains("the disk is full", error.Message, StringComparison.Ordinal);
            Assert.Contains(disk.In("study.db"), error.Message, StringComparison.Ordinal);
            Assert.DoesNotContain("ove it away", error.Message, StringComparison.Ordinal);
        }
        disk.Empty();
        using SqliteStudyStore again = Open(disk);
        IReadOnlyList<Trial> trials = Runner(again, new Filler(disk, number: -1)).Run(4, 42);
        Assert.All(trials, trial => Assert.Equal(TrialState.Complete, trial.State));
    }

    [SmallDiskFact]
    public void A_study_on_a_read_only_disk_is_said_to_be_that()
    {
        using var disk = new SmallDisk(1024);
        using (SqliteStudyStore store = Open(disk))
            Assert.Empty(store.List());
        disk.MakeReadOnly();
        StorageException error = Assert.Throws<StorageException>(() => Open(disk));
        Assert.Equal(StorageFault.ReadOnly, error.Fault);
        Assert.Contains(disk.In("study.db"), error.Message, StringComparison.Ordinal);
    }

    [SmallDiskFact]
    public void A_study_for_which_there_is_no_space_at_all_is_said_to_be_that()
    {
        using var disk = new SmallDisk(64);
        disk.Fill();
        Assert.Equal(StorageFault.DiskFull, Assert.Throws<StorageException>(() => Open(disk)).Fault);
    }

    [Fact]
    public void A_folder_where_the_file_should_be_is_said_to_be_that()
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("q2-folder-");
        try
        {
            folder.CreateSubdirectory("study.db");
            Exception error = Assert.ThrowsAny<Q2Exception>(() =>
                SqliteStudyStore.OpenOrCreate(
                    Path.Combine(folder.FullName, "study.db"),
                    new StudySettings([]),
                    TimeProvider.System
                )
            );
            Assert.Contains("a folder stands there", error.Message, StringComparison.Ordinal);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static SqliteStudyStore Open(SmallDisk disk) =>
        SqliteStudyStore.OpenOrCreate(disk.In("study.db"), new StudySettings([]), TimeProvider.System);

    private static StudyRunner Runner(SqliteStudyStore store, ITrialObjective objective, StudyWorker? worker = null) =>
        new(
            store,
            new RandomAllocationSampler(Space, 42),
            objective,
            worker ?? StudyWorker.ThisProcess(),
            TimeProvider.System
        );

    // Fills the disk during one trial, whose result then no longer fits into the log.
    private sealed class Filler(SmallDisk disk, int number) : ITrialObjective
    {
        public TrialResult Evaluate(
            int trialNumber,
            BitAllocation allocation,
            IProgress<TrialProgress>? progress,
            CancellationToken cancellationToken
        )
        {
            if (trialNumber == number)
                disk.Fill();
            return new TrialResult(new Dictionary<string, double> { ["psnr"] = trialNumber })
            {
                Arrays = [new TrialArray("clip-features", 512, new float[32 * 512])],
            };
        }
    }
}
