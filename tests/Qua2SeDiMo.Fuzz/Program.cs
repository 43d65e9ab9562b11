using System.CommandLine;
using System.Diagnostics;
using Qua2SeDiMo.Fuzz;
using Qua2SeDiMo.Json;

// The long run: fuzzes every reader for its share of the time; exit code 1 when there are findings.
var minutes = new Option<double>("--minutes") { Description = "How long", DefaultValueFactory = _ => 10 };
var seed = new Option<ulong>("--seed") { Description = "Seed of all chance", DefaultValueFactory = _ => 1 };
var reader = new Option<string[]>("--reader") { Description = "Only these readers" };
var output = new Option<string?>("--out") { Description = "JSON file for the figures" };
var found = new Option<string>("--findings")
{
    Description = "Folder for inputs that failed",
    DefaultValueFactory = _ => "artifacts/fuzz",
};
var replay = new Option<string?>("--replay") { Description = "Read one saved input and show what happens" };
var root = new RootCommand("Attacks every reader of Qua2SeDiMo with spoiled files.")
{
    minutes,
    seed,
    reader,
    output,
    found,
    replay,
};
root.SetAction(result =>
{
    using var scratch = new ScratchFolder();
    FuzzTarget[] targets =
    [
        .. AllTargets
            .Of(scratch)
            .Where(target => result.GetValue(reader) is not { Length: > 0 } names || names.Contains(target.Name)),
    ];
    if (targets.Length == 0)
        throw new ArgumentException($"No such reader; there are {string.Join(", ", AllTargets.Names)}.");
    return result.GetValue(replay) is { } saved
        ? Replay(targets[0], saved)
        : LongRun(
            targets,
            result.GetValue(seed),
            TimeSpan.FromMinutes(result.GetValue(minutes)),
            result.GetValue(output),
            result.GetValue(found)!
        );
});
return root.Parse(args).Invoke();

static int LongRun(FuzzTarget[] targets, ulong seed, TimeSpan time, string? output, string findings)
{
    long start = Stopwatch.GetTimestamp();
    double weights = targets.Sum(target => target.Weight);
    var runs = new List<(FuzzTarget Target, FuzzRun Run)>();
    int number = 0;
    foreach (FuzzTarget target in targets)
    {
        var run = new FuzzRun(target, seed, Corpus.Of(target.Name));
        using var watch = new Watch(run, target.Name, findings);
        run.Read(target.Seeds()[0]);
        if (run.Refused > 0)
            Console.WriteLine($"{target.Name}: its first seed is refused: {run.LatestRefusal}");
        run.ReadSeeds();
        run.Mutate(long.MaxValue, time * (target.Weight / weights));
        runs.Add((target, run));
        Console.WriteLine(
            $"{target.Name, -24} {run.Inputs, 12:#,0} inputs, {100.0 * run.Refused / run.Inputs, 3:0} % refused, "
                + $"slowest {run.Slowest.TotalMilliseconds, 7:0.0} ms, largest {run.LargestAllocation / 1e6, 7:0.0} MB, "
                + $"{run.Findings.Count} findings"
        );
        foreach (Finding finding in run.Findings)
            Console.WriteLine($"  {finding.Fault}\n    {Corpus.Save(findings, finding, number++)}");
    }
    FuzzResult total = FuzzResult.Of(runs, seed, Stopwatch.GetElapsedTime(start));
    Console.WriteLine(
        $"{total.Inputs:#,0} inputs, {total.Readers} readers, {total.ExceptionsOutsideTypedFamily} findings, "
            + $"slowest {total.SlowestMilliseconds:0} ms, largest {total.LargestAllocationMegabytes:0} MB, "
            + $"{total.Minutes:0.0} min"
    );
    if (output is not null)
        OwnJson.Write(output, total);
    return total.ExceptionsOutsideTypedFamily == 0 ? 0 : 1;
}

static int Replay(FuzzTarget target, string folder)
{
    var input = new FuzzInput([
        .. Directory
            .EnumerateFiles(folder, "*", SearchOption.AllDirectories)
            .Order(StringComparer.Ordinal)
            .Select(path => new FuzzFile(Path.GetRelativePath(folder, path), File.ReadAllBytes(path))),
    ]);
    target.Read(input);
    Console.WriteLine("read");
    return 0;
}
