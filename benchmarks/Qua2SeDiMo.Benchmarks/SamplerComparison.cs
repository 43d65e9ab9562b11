using Qua2SeDiMo.Plans;
using Qua2SeDiMo.Predictors.Baselines;
using Qua2SeDiMo.Predictors.Data;
using Qua2SeDiMo.Runs;
using Qua2SeDiMo.Studies;
using Qua2SeDiMo.Studies.Objectives;
using Qua2SeDiMo.Studies.Sampling;

namespace Qua2SeDiMo.Benchmarks;

/// <summary>Result of one sampler with one seed after a number of labelled trials.</summary>
/// <param name="Sampler">"random" or "front".</param>
/// <param name="Seed">Seed of the sampler.</param>
/// <param name="Trials">Number of labelled trials.</param>
/// <param name="TrialVolume">Hypervolume of the labelled trials.</param>
/// <param name="PlanVolume">Hypervolume of plans from ridge regression on these trials, by their true quality; null
/// where that is unknown.</param>
internal sealed record SamplerRow(string Sampler, int Seed, int Trials, double TrialVolume, double? PlanVolume);

/// <summary>Compares random trials with trials near the predicted front, at equal numbers of trials.</summary>
internal static class SamplerComparison
{
    private const int Seeds = 5,
        PlanCount = 24;
    private static readonly int[] Counts = [32, 64, 96, 128];

    /// <summary>The comparison on the simulated study, where the true quality of every plan is known.</summary>
    internal static IReadOnlyList<SamplerRow> OfSimulation(SimulatedStudy simulation)
    {
        var rows = new List<SamplerRow>();
        OptionFeatures features = simulation.Template.Features;
        (double Bits, double Quality) worst = Corner(
                simulation,
                o => features.Options[o].Name == "kmeans_a-3",
                largest: true
            ),
            best = Corner(simulation, o => features.Options[o].Name == "kmeans_c-4", largest: false);
        for (int seed = 0; seed < Seeds; seed++)
        {
            PredictorTrial[] random =
            [
                .. Enumerable.Range(0, Counts[^1]).Select(k => simulation.Trial((ulong)(100 + seed), k)),
            ];
            var front = random.Take(FrontAllocationSampler.FirstCount).ToList();
            while (front.Count < Counts[^1])
            {
                int start = front.Count;
                IReadOnlyList<int[]> proposals = FrontCandidates.Propose(
                    features,
                    [.. front],
                    FrontAllocationSampler.RoundCount,
                    (ulong)(100 + seed + start)
                );
                front.AddRange(
                    proposals.Select((options, i) => simulation.Labelled(options, (ulong)(100 + seed), start + i))
                );
            }
            foreach (int count in Counts)
            {
                rows.Add(Row("random", [.. random.Take(count)]));
                rows.Add(Row("front", [.. front.Take(count)]));
            }
            SamplerRow Row(string sampler, PredictorTrial[] trials) =>
                Print(
                    new SamplerRow(
                        sampler,
                        seed,
                        trials.Length,
                        Hypervolume.Of(
                            trials.Select(trial => (trial.AverageBits, simulation.Quality(trial.Options))),
                            worst,
                            best
                        ),
                        Hypervolume.Of(
                            Plans(features, trials)
                                .Select(options => (features.AverageBits(options), simulation.Quality(options))),
                            worst,
                            best
                        )
                    )
                );
        }
        return rows;
    }

    /// <summary>The comparison on run directories of one model. A long random study is cut into consecutive parts, each
    /// of which is compared with one study near the front.</summary>
    internal static IReadOnlyList<SamplerRow> OfRuns(string metric, string random, string[] front)
    {
        var objective = new Objective(StudyMetric.OfQuality(metric));
        (double Bits, double Quality)[] Points(string run) =>
            [
                .. RunStudy
                    .Trials(new RunDirectory(run), Study.DefaultName)
                    .Where(trial => trial.State == TrialState.Complete)
                    .Select(trial => (trial.Metrics[StudyMetric.AverageBits.Name], objective.Of(trial))),
            ];
        (double Bits, double Quality)[][] ofFront = [.. front.Select(Points)];
        (double Bits, double Quality)[][] ofRandom = [.. Points(random).Chunk(ofFront[0].Length).Take(front.Length)];
        (double Bits, double Quality)[] all = [.. ofRandom.Concat(ofFront).SelectMany(points => points)];
        (double, double) worst = (all.Max(point => point.Bits), all.Min(point => point.Quality)),
            best = (all.Min(point => point.Bits), all.Max(point => point.Quality));
        var rows = new List<SamplerRow>();
        foreach (int count in Counts.Where(count => count <= ofRandom.Concat(ofFront).Min(points => points.Length)))
        {
            for (int seed = 0; seed < front.Length; seed++)
            {
                rows.Add(
                    Print(
                        new SamplerRow(
                            "random",
                            seed,
                            count,
                            Hypervolume.Of(ofRandom[seed].Take(count), worst, best),
                            null
                        )
                    )
                );
                rows.Add(
                    Print(
                        new SamplerRow(
                            "front",
                            seed,
                            count,
                            Hypervolume.Of(ofFront[seed].Take(count), worst, best),
                            null
                        )
                    )
                );
            }
        }
        return rows;
    }

    private static IEnumerable<int[]> Plans(OptionFeatures features, PredictorTrial[] trials)
    {
        RidgeModel ridge = RidgeRegression.Fit(
            features,
            [.. trials.Select(trial => trial.Options)],
            [.. trials.Select(trial => trial.Target)],
            trends: true
        );
        PlanOption[][] groups =
        [
            .. Enumerable
                .Range(0, features.WeightCount)
                .Select(w =>
                    Enumerable
                        .Range(0, features.OptionCount)
                        .Select(o => new PlanOption(
                            features.QuantizedBytes(w, o),
                            ridge.Coefficients[(w * features.OptionCount) + o]
                        ))
                        .ToArray()
                ),
        ];
        long least = PlanSearch.SmallestSizeBytes(groups),
            most = groups.Sum(group => group.Max(option => option.SizeBytes));
        return Enumerable
            .Range(0, PlanCount)
            .Select(i => PlanSearch.Choose(groups, least + ((most - least) * i / (PlanCount - 1)))!.Options.ToArray());
    }

    // The largest or smallest possible average bits, with the quality of one option for all weights.
    private static (double Bits, double Quality) Corner(
        SimulatedStudy simulation,
        Func<int, bool> isOption,
        bool largest
    )
    {
        OptionFeatures features = simulation.Template.Features;
        int option = Enumerable.Range(0, features.OptionCount).First(isOption);
        int[] options =
        [
            .. Enumerable
                .Range(0, features.WeightCount)
                .Select(w =>
                    Enumerable
                        .Range(0, features.OptionCount)
                        .OrderBy(o => (largest ? -1 : 1) * features.QuantizedBytes(w, o))
                        .First()
                ),
        ];
        return (
            features.AverageBits(options),
            simulation.Quality([.. Enumerable.Repeat(option, features.WeightCount)])
        );
    }

    private static SamplerRow Print(SamplerRow row)
    {
        Console.WriteLine(
            $"seed {row.Seed} {row.Trials, 4} {row.Sampler, -7} trials {row.TrialVolume:F4} plans {row.PlanVolume:F4}"
        );
        return row;
    }
}
