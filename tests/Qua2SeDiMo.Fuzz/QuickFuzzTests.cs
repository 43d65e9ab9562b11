using Xunit;

namespace Qua2SeDiMo.Fuzz;

/// <summary>A few seconds of fuzzing with fixed seeds, and all inputs that ever failed.</summary>
public sealed class QuickFuzzTests
{
    private const ulong Seed = 2026;

    public static TheoryData<string> Readers => new(AllTargets.Names);

    [Theory]
    [MemberData(nameof(Readers))]
    public void A_reader_takes_or_refuses_spoiled_files_and_never_breaks(string reader)
    {
        using var scratch = new ScratchFolder();
        FuzzTarget target = AllTargets.Of(scratch).Single(target => target.Name == reader);
        if (target.QuickInputs == 0)
            return;
        var run = new FuzzRun(target, Seed, Corpus.Of(reader));
        run.ReadSeeds();
        run.Mutate(target.QuickInputs, TimeSpan.MaxValue);
        // Time is checked only in the long run, because a test machine may be busy.
        Assert.Empty(run.Findings.Where(finding => finding.Fault != "slow").Select(finding => finding.Fault));
        Assert.True(run.Inputs > target.QuickInputs);
    }

    [Theory]
    [MemberData(nameof(Readers))]
    public void The_seeds_of_a_reader_are_good(string reader)
    {
        using var scratch = new ScratchFolder();
        FuzzTarget target = AllTargets.Of(scratch).Single(target => target.Name == reader);
        // A seed that is rejected at once would not reach the rest of the reader.
        target.Read(target.Seeds()[0]);
    }
}
