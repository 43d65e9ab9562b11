using Qua2SeDiMo.Quantizers;
using Qua2SeDiMo.Studies;
using Qua2SeDiMo.Studies.Sampling;
using Qua2SeDiMo.Studies.Storage;
using Qua2SeDiMo.Tests.Stages;

namespace Qua2SeDiMo.Tests.Studies;

/// <summary>Entry point of the test assembly when it runs as a program: mostly a worker on a study file, for tests that
/// kill it.</summary>
internal static class StudyWorkerProgram
{
    internal static readonly StudySettings Settings = new([new("purpose", "to be killed")]);

    internal static readonly AllocationSpace Space = new([("a", 4096, 64), ("b", 1024, 32)], 16);

    private static int Main(string[] args)
    {
        if (args is [CultureProgram.Name, string model, string folder, string hostile])
            return CultureProgram.Run(model, folder, bool.Parse(hostile));
        if (args is not [string path, string trialCount, string milliseconds])
            return 2;
        using var store = SqliteStudyStore.OpenOrCreate(path, Settings, TimeProvider.System);
        var objective = new SlowObjective(TimeSpan.FromMilliseconds(int.Parse(milliseconds)));
        var runner = new StudyRunner(
            store,
            new RandomAllocationSampler(Space, 42),
            objective,
            StudyWorker.ThisProcess(),
            TimeProvider.System
        );
        runner.Run(int.Parse(trialCount), seed: 42);
        return 0;
    }

    // Prints the number of the trial that it begins, then waits.
    private sealed class SlowObjective(TimeSpan duration) : ITrialObjective
    {
        public TrialResult Evaluate(
            int trialNumber,
            BitAllocation allocation,
            IProgress<TrialProgress>? progress,
            CancellationToken cancellationToken
        )
        {
            Console.WriteLine(trialNumber);
            cancellationToken.WaitHandle.WaitOne(duration);
            return new TrialResult(new Dictionary<string, double> { ["process"] = Environment.ProcessId });
        }
    }
}
