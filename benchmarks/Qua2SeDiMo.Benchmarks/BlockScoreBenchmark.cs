using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text.Json;
using Qua2SeDiMo.Predictors.Data;
using Qua2SeDiMo.Predictors.Training;
using Qua2SeDiMo.Sensitivity;
using Qua2SeDiMo.Storage;
using Qua2SeDiMo.Tests.Sensitivity;

namespace Qua2SeDiMo.Benchmarks;

/// <summary>Result for one family of models.</summary>
/// <param name="Graph">Name of the published graph, and by what its weight nodes were recognised.</param>
/// <param name="Units">Scored subgraphs.</param>
/// <param name="Combinations">Σ 6^n over the units.</param>
/// <param name="Folds">Number of predictors that scored each combination.</param>
/// <param name="Seconds">Median wall time of scoring all combinations and ranking those of every unit.</param>
/// <param name="ProcessorSeconds">Smallest processor time.</param>
/// <param name="CombinationsPerSecond">Combinations over the median wall time.</param>
/// <param name="OneByOnePerSecond">Combinations per second when each is scored alone by the same code and folds, from a
/// sample.</param>
internal sealed record BlockScoreResult(
    string Graph,
    int Units,
    long Combinations,
    int Folds,
    double Seconds,
    double ProcessorSeconds,
    double CombinationsPerSecond,
    double OneByOnePerSecond
);

/// <summary>Measures scoring all option combinations of all units of published graphs by five predictors with random
/// weights.</summary>
internal static class BlockScoreBenchmark
{
    private const int Folds = 5;
    private const int Kept = 5;
    private const int Repetitions = 5;

    internal static void Run(string golden, string? output)
    {
        var results = new List<BlockScoreResult>();
        foreach (
            (string family, bool byName) in ((string, bool)[])
                [("pixart", false), ("pixart", true), ("sdv15", false), ("sdxl", false), ("sdxl", true)]
        )
        {
            var published = new PublishedUnits(Path.Combine(golden, "dags", $"{family}.json"), byName);
            Predictor[] folds = published.RandomFolds(Folds);
            long combinations = 0;
            Measurement measured = Measurement.Of(family, Repetitions, () => combinations = Score(published, folds));
            double seconds = measured.MedianMilliseconds / 1000;
            results.Add(
                new BlockScoreResult(
                    byName ? $"{family}, weights by name" : family,
                    published.Units.Count,
                    combinations,
                    Folds,
                    Math.Round(seconds, 3),
                    Math.Round(measured.ProcessorMilliseconds / 1000, 3),
                    Math.Round(combinations / seconds),
                    Math.Round(OneByOne(published, folds))
                )
            );
            Console.WriteLine(results[^1]);
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
                    about = "block-scores GOLDEN [OUTPUT.json]",
                    runtime = RuntimeInformation.FrameworkDescription,
                    processors = Environment.ProcessorCount,
                    peakMemoryMiB = peak,
                    results,
                },
                Json
            ) + "\n"
        );
    }

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    private static long Score(PublishedUnits published, Predictor[] folds)
    {
        var scores = new HopScores(published.Topology, published.Features);
        long combinations = 0;
        foreach (PredictorUnit unit in published.Units)
        {
            double[] all = scores.Unit(folds, unit);
            combinations += all.Length;
            if (UnitRanking.Best(all, Kept).Length == 0)
                throw new InvalidOperationException("A unit has no combinations.");
        }
        return combinations;
    }

    // Scores each combination as a separate graph by the same network, as the published code does.
    private static double OneByOne(PublishedUnits published, Predictor[] folds)
    {
        OptionFeatures all = published.Features;
        HopScores[] single =
        [
            .. Enumerable
                .Range(0, all.OptionCount)
                .Select(option => new HopScores(
                    published.Topology,
                    new OptionFeatures(
                        [all.Options[option]],
                        [.. Enumerable.Range(0, all.WeightCount).Select(all.OriginalBytes)],
                        [.. Enumerable.Range(0, all.WeightCount).Select(w => all.QuantizedBytes(w, option))],
                        [.. Enumerable.Range(0, all.WeightCount).Select(w => all.Error(w, option))],
                        all.OriginalBits
                    )
                )),
        ];
        int fed = 0;
        long start = Stopwatch.GetTimestamp();
        for (; Stopwatch.GetElapsedTime(start).TotalSeconds < 2; fed++)
            _ = single[fed % single.Length].Unit(folds, published.Units[fed * 37 % published.Units.Count]);
        return fed / Stopwatch.GetElapsedTime(start).TotalSeconds;
    }
}
