using MathNet.Numerics.Statistics;
using Qua2SeDiMo.Numerics;
using Qua2SeDiMo.Predictors.Baselines;
using Qua2SeDiMo.Predictors.Data;
using Qua2SeDiMo.Predictors.Evaluation;
using Qua2SeDiMo.Predictors.Training;

namespace Qua2SeDiMo.Sensitivity;

/// <summary>Computes sensitivities from fitted models.</summary>
internal static class SensitivityAnalysis
{
    /// <summary>Number of resamples for the spread of ridge regression's scores.</summary>
    public const int DefaultResamples = 200;

    private const int MaxCompared = 20;
    private const int QuantileCount = 21;

    /// <summary>Scores by the network, of single weights and of the given units.</summary>
    /// <param name="study">Graph, options, names.</param>
    /// <param name="folds">One predictor per fold.</param>
    /// <param name="units">Units to score; empty for single weights only.</param>
    /// <param name="top">Number of best combinations to keep of each unit.</param>
    /// <param name="resamples">Scores of single weights by networks trained on resampled trials; null or empty if there
    /// are none.</param>
    /// <param name="cancellationToken">Cancels between units.</param>
    public static SensitivityResult OfNetwork(
        TrainingSet study,
        IReadOnlyList<Predictor> folds,
        IReadOnlyList<PredictorUnit> units,
        int top = 5,
        IReadOnlyList<double[]>? resamples = null,
        CancellationToken cancellationToken = default
    )
    {
        ArgumentNullException.ThrowIfNull(study);
        ArgumentNullException.ThrowIfNull(folds);
        ArgumentNullException.ThrowIfNull(units);
        var hopScores = new HopScores(study.Topology, study.Features);
        double[][] samples = [.. folds.Select(hopScores.Operations)];
        double[] total = new double[study.Features.WeightCount * study.Features.OptionCount];
        foreach (double[] sample in samples)
            for (int i = 0; i < total.Length; i++)
                total[i] += sample[i];
        var scored = new List<UnitSensitivity>();
        foreach (PredictorUnit unit in units)
        {
            cancellationToken.ThrowIfCancellationRequested();
            scored.Add(Describe(study, unit, hopScores.Unit(folds, unit), top));
        }
        // Scores sum n folds: deviation × √n for independent folds, × n for bootstrap refits (treated as fully
        // correlated).
        var spread = new List<Resampling> { new(ScoreSpread.Folds, samples, Math.Sqrt(folds.Count)) };
        if (resamples is { Count: > 1 })
            spread.Add(new Resampling(ScoreSpread.Bootstrap, [.. resamples], folds.Count));
        return Collect(ModelNames.Network, study, total, spread, scored);
    }

    /// <summary>
    /// Scores by ridge regression: its coefficients, with their spread over resampled trials. Options shrink towards
    /// what their sizes and weight errors suggest (<see cref="ModelNames.RidgeTrends"/>), which predicts held-out
    /// trials better when there are few.
    /// </summary>
    /// <param name="study">Options and labelled trials.</param>
    /// <param name="model">Ridge regression with trends, fitted to these trials.</param>
    /// <param name="resamples">Number of bootstrap resamples.</param>
    /// <param name="seed">Seed of the resamples, and of the folds if the study prescribes none.</param>
    /// <param name="cancellationToken">Cancels between resamples.</param>
    public static SensitivityResult OfRidge(
        TrainingSet study,
        RidgeModel model,
        int resamples = DefaultResamples,
        ulong seed = 0,
        CancellationToken cancellationToken = default
    )
    {
        ArgumentNullException.ThrowIfNull(study);
        IReadOnlyList<int>[] allocations = [.. study.Trials.Select(trial => trial.Options)];
        double[] labels = [.. study.Trials.Select(trial => trial.Target)];
        double[][] samples = RidgeRegression.Bootstrap(
            model,
            study.Features,
            allocations,
            labels,
            resamples,
            seed,
            cancellationToken
        );
        IReadOnlyList<IReadOnlyList<int>> folds =
            study.Folds ?? FoldBorders.Split(study.Trials.Count, CrossValidation.FoldCount, seed);
        double[][] byFold =
        [
            .. folds.Select(fold =>
            {
                cancellationToken.ThrowIfCancellationRequested();
                int[] training = [.. Enumerable.Range(0, labels.Length).Except(fold)];
                return RidgeRegression
                    .Fit(
                        study.Features,
                        [.. training.Select(t => allocations[t])],
                        [.. training.Select(t => labels[t])],
                        trends: true
                    )
                    .Coefficients;
            }),
        ];
        return Collect(
            ModelNames.Ridge,
            study,
            model.Coefficients,
            [new(ScoreSpread.Bootstrap, samples, 1), new(ScoreSpread.Folds, byFold, 1)],
            []
        );
    }

    // Scores computed from different subsets or resamples of the trials; Scale as in DropSamples.
    private sealed record Resampling(string Kind, double[][] Scores, double Scale);

    private static SensitivityResult Collect(
        string model,
        TrainingSet study,
        double[] scores,
        IReadOnlyList<Resampling> resamplings,
        IReadOnlyList<UnitSensitivity> units
    )
    {
        OptionFeatures features = study.Features;
        int options = features.OptionCount;
        DropSamples[] dropSamples =
        [
            .. resamplings.Select(resampling => new DropSamples(
                resampling.Kind,
                [
                    .. resampling.Scores.Select(sample =>
                        FewerBitsCosts.Of(features, (w, o) => sample[(w * options) + o])
                    ),
                ],
                resampling.Scale
            )),
        ];
        ScoreSpread[] spreads =
        [
            .. resamplings.Zip(dropSamples, (resampling, samples) => Spread(features, resampling, samples)),
        ];
        double[] drop = FewerBitsCosts.Of(features, (w, o) => scores[(w * options) + o]);
        WeightScores[] weights =
        [
            .. Enumerable
                .Range(0, features.WeightCount)
                .Select(w =>
                {
                    double[] row = scores[(w * options)..((w + 1) * options)];
                    return new WeightScores(
                        study.WeightNames[w],
                        row,
                        spreads[0].Deviations[w],
                        Array.IndexOf(row, row.Max()),
                        row.Max() - row.Min(),
                        drop[w],
                        spreads[0].FewerBitsDeviations[w]
                    );
                }),
        ];
        // Negated, because more error means a lower score: fewer bits then have a cost above zero, as in the scores.
        double[] added = FewerBitsCosts.Of(features, (w, o) => -features.Error(w, o));
        return new SensitivityResult(
            model,
            [.. features.Options.Select(option => option.Name)],
            weights,
            units,
            spreads[0].SampleCount,
            spreads[0].Agreement,
            Defined(RankStatistics.KendallTauB(drop, added))
        )
        {
            Spreads = spreads,
            DropSamples = dropSamples,
        };
    }

    private static ScoreSpread Spread(OptionFeatures features, Resampling resampling, DropSamples drops)
    {
        int options = features.OptionCount,
            compared = Math.Min(drops.Drops.Length, MaxCompared);
        var agreements = new List<double>();
        for (int a = 0; a < compared; a++)
        for (int b = 0; b < a; b++)
            agreements.Add(RankStatistics.KendallTauB(drops.Drops[a], drops.Drops[b]));
        return new ScoreSpread(
            resampling.Kind,
            resampling.Scores.Length,
            [
                .. Enumerable
                    .Range(0, features.WeightCount)
                    .Select(
                        IReadOnlyList<double> (w) =>
                            [
                                .. Enumerable
                                    .Range(0, options)
                                    .Select(o =>
                                        resampling.Scale
                                        * Deviation(resampling.Scores.Select(sample => sample[(w * options) + o]))
                                    ),
                            ]
                    ),
            ],
            [
                .. Enumerable
                    .Range(0, features.WeightCount)
                    .Select(w => resampling.Scale * Deviation(drops.Drops.Select(sample => sample[w]))),
            ],
            Defined(agreements.Count == 0 ? double.NaN : agreements.Average())
        );
    }

    private static UnitSensitivity Describe(TrainingSet study, PredictorUnit unit, double[] scores, int top)
    {
        return new UnitSensitivity(
            unit.Name,
            unit.Kind,
            unit.Hop,
            [.. unit.Weights.Select(w => study.WeightNames[w])],
            scores.Length,
            [.. UnitRanking.Best(scores, top).Select(Choice)],
            Choice(UnitRanking.Worst(scores)),
            Quantiles(scores)
        );

        UnitChoice Choice(int combination)
        {
            int[] digits = new int[unit.Weights.Count];
            int rest = combination;
            for (int i = digits.Length - 1; i >= 0; i--, rest /= study.Features.OptionCount)
                digits[i] = rest % study.Features.OptionCount;
            return new UnitChoice(
                [.. digits.Select(option => study.Features.Options[option].Name)],
                scores[combination],
                unit.Weights.Select((w, i) => study.Features.QuantizedBytes(w, digits[i])).Sum()
            );
        }
    }

    // Quantiles suffice for box plots of many units, so the scores of all combinations are not kept.
    private static double[] Quantiles(double[] scores)
    {
        double[] sorted = [.. scores.Order()];
        return
        [
            .. Enumerable
                .Range(0, QuantileCount)
                .Select(q => sorted[(int)Math.Round(q * (sorted.Length - 1) / (QuantileCount - 1.0))]),
        ];
    }

    private static double Deviation(IEnumerable<double> values)
    {
        double[] all = [.. values];
        return all.Length > 1 ? all.StandardDeviation() : 0;
    }

    private static double? Defined(double value) => double.IsNaN(value) ? null : value;
}
