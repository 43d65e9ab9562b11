using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text.Json;
using Qua2SeDiMo.Plans;
using Qua2SeDiMo.Predictors.Data;
using Qua2SeDiMo.Predictors.Training;
using Qua2SeDiMo.Sensitivity;
using Qua2SeDiMo.Storage;
using Qua2SeDiMo.Tests.Sensitivity;

namespace Qua2SeDiMo.Benchmarks;

/// <summary>Measures the search for allocations within a budget from the scores of five predictors (with random
/// weights), at the size of released models: op level and block level.</summary>
internal static class AllocationBenchmark
{
    private const int Folds = 5;
    private static readonly double[] Bits = [3.3, 3.5, 3.75, 3.9];
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    internal static void Run(string golden, string? output)
    {
        var results = new List<object>();
        foreach (string family in (string[])["pixart", "sdxl"])
        {
            var published = new PublishedUnits(Path.Combine(golden, "dags", $"{family}.json"));
            OptionFeatures features = published.Features;
            Predictor[] folds = published.RandomFolds(Folds);
            foreach (string level in (string[])["op", "block"])
            {
                long start = Stopwatch.GetTimestamp();
                IReadOnlyList<ScoredGroup> groups =
                    level == "op"
                        ? PerWeight(published, folds)
                        : BlockGroups.Build(published.Topology, features, folds, published.Units);
                double scoring = Stopwatch.GetElapsedTime(start).TotalSeconds;
                PlanOption[][] options =
                [
                    .. groups.Select(group =>
                        group.Choices.Select(choice => new PlanOption(choice.SizeBytes, choice.Score)).ToArray()
                    ),
                ];
                start = Stopwatch.GetTimestamp();
                PlanFront front = PlanFront.Trace(options);
                double tracing = Stopwatch.GetElapsedTime(start).TotalSeconds;
                start = Stopwatch.GetTimestamp();
                foreach (double bits in Bits)
                    _ = PlanSearch.Choose(options, (long)(bits / features.OriginalBits * features.TotalOriginalBytes));
                double choosing = Stopwatch.GetElapsedTime(start).TotalSeconds / Bits.Length;
                var result = new
                {
                    family,
                    level,
                    groups = groups.Count,
                    choices = options.Sum(group => group.Length),
                    scoringSeconds = Math.Round(scoring, 3),
                    frontSeconds = Math.Round(tracing, 3),
                    frontPoints = front.Points.Count,
                    complete = front.IsComplete,
                    secondsPerBudget = Math.Round(choosing, 4),
                };
                Console.WriteLine(result);
                results.Add(result);
            }
            foreach (Predictor fold in folds)
                fold.Dispose();
        }
        using Process process = Process.GetCurrentProcess();
        long peak = process.PeakWorkingSet64 / (1 << 20);
        Console.WriteLine($"peak memory {peak} MiB");
        if (output is null)
            return;
        AtomicFile.WriteText(
            output,
            JsonSerializer.Serialize(
                new
                {
                    about = "allocation GOLDEN [OUTPUT.json]",
                    runtime = RuntimeInformation.FrameworkDescription,
                    processors = Environment.ProcessorCount,
                    peakMemoryMiB = peak,
                    results,
                },
                Json
            ) + "\n"
        );
    }

    private static IReadOnlyList<ScoredGroup> PerWeight(PublishedUnits published, Predictor[] folds)
    {
        var scores = new HopScores(published.Topology, published.Features);
        double[][] samples = [.. folds.Select(scores.Operations)];
        return ScoredGroup.PerWeight(
            published.Features,
            (w, o) => samples.Sum(sample => sample[(w * published.Features.OptionCount) + o])
        );
    }
}
