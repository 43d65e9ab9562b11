using Qua2SeDiMo.Studies;
using Xunit;

namespace Qua2SeDiMo.Tests.Studies;

public sealed class StudyWorkerTests
{
    private static StudyWorker Own => StudyWorker.ThisProcess();

    [Fact]
    public void This_process_is_here() => Assert.Equal(WorkerPresence.Here, Own.Presence());

    [Fact]
    public void A_number_that_another_process_has_now_is_gone()
    {
        string start = Own.ProcessStart;
        Assert.Equal(
            WorkerPresence.Gone,
            (Own with { ProcessStart = start[..^1] + (start[^1] == '0' ? '1' : '0') }).Presence()
        );
    }

    [Fact]
    public void A_number_that_no_process_has_is_gone() =>
        Assert.Equal(WorkerPresence.Gone, (Own with { ProcessId = int.MaxValue }).Presence());

    [Fact]
    public void A_process_of_another_host_cannot_be_seen() =>
        Assert.Equal(WorkerPresence.Elsewhere, (Own with { Host = "elsewhere" }).Presence());

    [Fact]
    public void A_process_of_another_boot_cannot_be_seen_even_with_the_same_number_and_start()
    {
        if (!OperatingSystem.IsLinux())
            return;
        string ticks = Own.ProcessStart.Split(' ')[^1];
        Assert.Equal(
            WorkerPresence.Elsewhere,
            (Own with { ProcessStart = $"00000000-0000-0000-0000-000000000000 {ticks}" }).Presence()
        );
        // The form of version 1 of the file.
        Assert.Equal(WorkerPresence.Here, (Own with { ProcessStart = ticks }).Presence());
    }
}
