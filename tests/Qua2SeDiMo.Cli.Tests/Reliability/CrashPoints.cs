using System.Globalization;
using System.Text.Json.Nodes;
using Qua2SeDiMo.Cli.Tests.Cases;
using Xunit;

namespace Qua2SeDiMo.Cli.Tests.Reliability;

/// <summary>One verb with its arguments, as a step of a run.</summary>
/// <param name="Name">The verb, with a remark that distinguishes calls of the same verb.</param>
/// <param name="Arguments">Its arguments; <c>{m}</c> is the model folder, <c>{r}</c> the run directory.</param>
internal sealed record CrashScenario(string Name, params string[] Arguments)
{
    /// <summary>When all points are tried, only every n-th of this verb is, because its parts are tested as separate
    /// verbs.</summary>
    internal int Every { get; init; } = 1;
}

/// <summary>Results of the faults at the points of a verb.</summary>
/// <param name="Scenario">The verb.</param>
/// <param name="Fault">kill, full or denied.</param>
/// <param name="Points">Number of steps of the verb that change the disk.</param>
/// <param name="Tried">Number of points at which a fault was injected.</param>
/// <param name="Survived">Number of points after which the same command gave the same results.</param>
/// <param name="Failures">Descriptions of the failures at the other points.</param>
internal sealed record CrashResult(
    string Scenario,
    string Fault,
    int Points,
    int Tried,
    int Survived,
    IReadOnlyList<string> Failures
);

/// <summary>
/// Makes the program fail at each step that changes the disk, one per run, then runs the same command again without a
/// fault, and compares all results with those of an undisturbed run.
/// </summary>
internal sealed class CrashPoints : IDisposable
{
    internal const string Kill = "kill",
        Full = "full",
        Denied = "denied";
    private const int KilledExitCode = 137,
        UserErrorExitCode = 2;
    private readonly ModelCopy model;
    private int folderCount;

    internal CrashPoints(string pipeline) => model = new ModelCopy(pipeline);

    /// <summary>The verbs in the order of a run; each starts from the results of the previous ones.</summary>
    internal static IReadOnlyList<CrashScenario> Chain { get; } =
    [
        new("graph", "graph", "{m}", "--run", "{r}"),
        new("bank", "bank", "{m}", "--run", "{r}"),
        new("study", "study", "{m}", "--run", "{r}", "--trials", "10", "--images", "2", "--steps", "2"),
        new("fit", "fit", "{m}", "--run", "{r}", "--epochs", "4"),
        new("explain", "explain", "{m}", "--run", "{r}"),
        new("plan", "plan", "{m}", "--run", "{r}", "--size", "3.6"),
        new("pack", "pack", "{m}", "--run", "{r}"),
        new("pack again", "pack", "{m}", "--run", "{r}"),
        new("report", "report", "{m}", "--run", "{r}"),
        new("generate", "generate", "{m}", "--prompt", "1", "--steps", "2", "--seed", "7", "--out", "{r}/pictures"),
        new("measure", "measure", "{m}", "--run", "{r}", "--images", "2", "--steps", "2", "--cotangents", "1"),
        new("run", "run", "{m}", "--run", "{r}/run", "--images", "2", "--steps", "2") { Every = 8 },
    ];

    /// <summary>Injects faults at points of every verb.</summary>
    /// <param name="fault">kill, full or denied.</param>
    /// <param name="choose">Selects the points to try, numbered from 1, given a verb and its number of points.</param>
    internal async Task<IReadOnlyList<CrashResult>> RunAsync(
        string fault,
        Func<CrashScenario, int, IEnumerable<int>> choose
    )
    {
        var results = new List<CrashResult>();
        string start = NewFolder();
        foreach (CrashScenario scenario in Chain)
        {
            string undisturbed = Copy(start),
                log = undisturbed + ".steps";
            Q2Result result = await RunAsync(scenario, undisturbed, ("Q2_FAULT_LOG", log));
            Assert.True(result.ExitCode == 0, $"{scenario.Name}: exit code {result.ExitCode}\n{result.Errors}");
            int points = File.Exists(log) ? File.ReadLines(log).Count() : 0;
            SortedDictionary<string, string> expected = RunState.Of(undisturbed);
            int[] chosen = [.. choose(scenario, points).Where(point => point >= 1 && point <= points).Distinct()];
            var failures = new List<string>();
            foreach (int point in chosen)
            {
                string folder = Copy(start);
                if (await FaultOf(scenario, folder, fault, point, expected) is { } failure)
                    failures.Add($"{fault}@{point}: {failure}");
                Directory.Delete(folder, recursive: true);
            }
            results.Add(
                new CrashResult(scenario.Name, fault, points, chosen.Length, chosen.Length - failures.Count, failures)
            );
            start = undisturbed;
        }
        return results;
    }

    /// <summary>The counts for docs/reliability.md.</summary>
    internal static JsonArray ToJson(IEnumerable<CrashResult> results) =>
        new([
            .. results.Select(result =>
                (JsonNode)
                    new JsonObject
                    {
                        ["verb"] = result.Scenario,
                        ["fault"] = result.Fault,
                        ["points"] = result.Points,
                        ["tried"] = result.Tried,
                        ["survived"] = result.Survived,
                    }
            ),
        ]);

    public void Dispose() => model.Dispose();

    // Describes the failure; null when the same command gave the same results after the fault.
    private async Task<string?> FaultOf(
        CrashScenario scenario,
        string folder,
        string fault,
        int point,
        SortedDictionary<string, string> expected
    )
    {
        Q2Result broken = await RunAsync(
            scenario,
            folder,
            ("Q2_FAULT", string.Create(CultureInfo.InvariantCulture, $"{fault}@{point}"))
        );
        // The order of steps varies between threads: a run may end before the point, or reach it in a step whose
        // failure is tolerated.
        bool isExpected =
            broken.ExitCode == 0 || broken.ExitCode == (fault == Kill ? KilledExitCode : UserErrorExitCode);
        if (!isExpected)
            return $"exit code {broken.ExitCode}: {broken.Errors}";
        Q2Result again = await RunAsync(scenario, folder);
        if (again.ExitCode != 0)
            return $"the same command then ends with exit code {again.ExitCode}: {again.Errors}";
        IReadOnlyList<string> differences = RunState.Differences(expected, RunState.Of(folder));
        return differences.Count == 0
            ? null
            : $"the same command then leaves other results: {string.Join(", ", differences)}";
    }

    private Task<Q2Result> RunAsync(
        CrashScenario scenario,
        string run,
        params (string Name, string Value)[] variables
    ) =>
        Q2.RunWithAsync(
            variables,
            [
                .. scenario.Arguments.Select(argument => argument.Replace("{m}", model.Path).Replace("{r}", run)),
                "--quiet",
            ]
        );

    private string NewFolder() =>
        Directory
            .CreateDirectory(model.Beside(string.Create(CultureInfo.InvariantCulture, $"run-{folderCount++}")))
            .FullName;

    private string Copy(string source)
    {
        string target = NewFolder();
        ModelCopy.CopyFolder(source, target);
        return target;
    }
}
