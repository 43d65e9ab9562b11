using Qua2SeDiMo.Labelling;
using Qua2SeDiMo.Numerics;
using Qua2SeDiMo.Pipelines;
using Qua2SeDiMo.Predictors.Data;
using Qua2SeDiMo.Predictors.Evaluation;
using Qua2SeDiMo.Predictors.Training;
using Qua2SeDiMo.Runs;
using Qua2SeDiMo.Studies.Objectives;

namespace Qua2SeDiMo.Benchmarks;

/// <summary>Rank quality of one model on held-out trials for one number of training trials.</summary>
/// <param name="Trials">Number of training trials.</param>
/// <param name="Model">Name of the model.</param>
/// <param name="Srcc">Held-out SRCC, mean over draws.</param>
/// <param name="SrccDeviation">Its standard deviation over draws.</param>
/// <param name="PartialSrcc">Partial SRCC given average bits, mean over draws; null where it is undefined, as for
/// average bits themselves.</param>
/// <param name="PartialDeviation">Its standard deviation.</param>
internal sealed record LearningCurveRow(
    int Trials,
    string Model,
    double Srcc,
    double SrccDeviation,
    double? PartialSrcc,
    double? PartialDeviation
);

/// <summary>Rank quality of every model by number of labelled trials, on the same draws.</summary>
internal static class LearningCurve
{
    private const int Draws = 3;
    private static readonly int[] Sizes = [16, 32, 64, 128, 256, 400, 500];

    /// <summary>The curve on the simulated study, from which training and test trials are drawn.</summary>
    internal static IReadOnlyList<LearningCurveRow> OfSimulation(SimulatedStudy simulation, int testCount = 500)
    {
        PredictorTrial[] test = [.. Enumerable.Range(0, testCount).Select(k => simulation.TargetTrial(seed: 1000, k))];
        return Rows(
            Sizes,
            (size, draw) =>
                simulation.With(
                    [.. test, .. Enumerable.Range(0, size).Select(k => simulation.TargetTrial((ulong)draw, k))],
                    [
                        [.. Enumerable.Range(0, testCount)],
                    ]
                )
        );
    }

    /// <summary>The curve on a run directory. The first <paramref name="testCount"/> trials are held out; training
    /// trials are drawn from the others.</summary>
    internal static IReadOnlyList<LearningCurveRow> OfRun(string model, string run, string metric, int testCount = 100)
    {
        using OpenModel loaded = OpenModel.Open(model);
        TrainingSet study = StudyTrials
            .Read(loaded, new RunDirectory(run), new Objective(StudyMetric.OfQuality(metric)))
            .Training;
        int pool = study.Trials.Count - testCount;
        return Rows(
            [.. Sizes.Where(size => size <= pool)],
            (size, draw) =>
            {
                int[] order = [.. Enumerable.Range(testCount, pool)];
                new Pcg32((ulong)draw).Shuffle<int>(order);
                return new TrainingSet(
                    study.Topology,
                    study.Features,
                    [.. study.Trials.Take(testCount), .. order.Take(size).Select(t => study.Trials[t])],
                    study.WeightNames,
                    [
                        [.. Enumerable.Range(0, testCount)],
                    ]
                );
            }
        );
    }

    private static List<LearningCurveRow> Rows(int[] sizes, Func<int, int, TrainingSet> draw)
    {
        var rows = new List<LearningCurveRow>();
        foreach (int size in sizes)
        {
            FitResult[] results =
            [
                .. Enumerable
                    .Range(0, Draws)
                    .Select(d =>
                    {
                        using FittedModels fitted = CrossValidation.Run(
                            draw(size, d),
                            new PredictorOptions { Seed = (ulong)d }
                        );
                        return fitted.Result;
                    }),
            ];
            foreach (
                string model in results[0]
                    .Models.Select(scores => scores.Model)
                    .Where(model => model != ModelNames.Mean)
            )
            {
                FoldSummary srcc = FoldSummary.Of(results.Select(result => result.Find(model)!.Srcc.Mean));
                FoldSummary partial = FoldSummary.Of(results.Select(result => result.Find(model)!.PartialSrcc.Mean));
                rows.Add(
                    new LearningCurveRow(
                        size,
                        model,
                        srcc.Mean,
                        srcc.Deviation,
                        Defined(partial.Mean),
                        Defined(partial.Deviation)
                    )
                );
                Console.WriteLine(
                    $"{size, 4} {model, -14} SRCC {srcc.Mean:F3} ± {srcc.Deviation:F3}, partial {partial.Mean:F3} ± {partial.Deviation:F3}"
                );
            }
        }
        return rows;
    }

    private static double? Defined(double value) => double.IsNaN(value) ? null : value;
}
