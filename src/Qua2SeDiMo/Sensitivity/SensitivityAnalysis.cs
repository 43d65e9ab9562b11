using MathNet.Numerics.Statistics;
using Qua2SeDiMo.Numerics;
using Qua2SeDiMo.Predictors;

namespace Qua2SeDiMo.Sensitivity;

/// <summary>Reads sensitivities out of fitted models.</summary>
public static class SensitivityAnalysis
{
    /// <summary>Resamples of the trials behind the spread of ridge regression's scores.</summary>
    public const int DefaultResamples = 200;

    private const int MostCompared = 20;

    /// <summary>Scores by the network: op level, and block level for the given units.</summary>
    /// <param name="study">Graph, options, names.</param>
    /// <param name="folds">One predictor per fold.</param>
    /// <param name="units">Subgraphs to score; none for op level only.</param>
    /// <param name="top">How many combinations to keep of each unit.</param>
    /// <param name="cancellationToken">Stops between units.</param>
    public static SensitivityResult OfNetwork(PredictorStudy study, IReadOnlyList<Predictor> folds, IReadOnlyList<PredictorUnit> units, int top = 5,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(study);
        ArgumentNullException.ThrowIfNull(folds);
        ArgumentNullException.ThrowIfNull(units);
        var hopScores = new HopScores(study.Topology, study.Features);
        double[][] samples = [.. folds.Select(hopScores.Operations)];
        double[] total = new double[study.Features.WeightCount * study.Features.OptionCount];
        foreach (double[] sample in samples) for (int i = 0; i < total.Length; i++) total[i] += sample[i];
        var scored = new List<UnitSensitivity>();
        foreach (PredictorUnit unit in units)
        {
            cancellationToken.ThrowIfCancellationRequested();
            scored.Add(Describe(study, unit, hopScores.Unit(folds, unit), top));
        }
        // The deviation of a sum of so many independent folds.
        return Collect(ModelNames.Network, study, total, samples, Math.Sqrt(folds.Count), scored);
    }

    /// <summary>
    /// Scores by ridge regression: its coefficients, with their spread over resampled trials. Options shrink towards what their sizes and
    /// weight errors suggest (<see cref="ModelNames.RidgeTrends"/>), which held-out trials prefer when there are few.
    /// </summary>
    /// <param name="study">Options and labelled trials.</param>
    /// <param name="resamples">Bootstrap resamples.</param>
    /// <param name="seed">Of the resamples.</param>
    /// <param name="cancellationToken">Stops between resamples.</param>
    public static SensitivityResult OfRidge(PredictorStudy study, int resamples = DefaultResamples, ulong seed = 0, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(study);
        IReadOnlyList<int>[] allocations = [.. study.Trials.Select(trial => trial.Options)];
        double[] labels = [.. study.Trials.Select(trial => trial.Target)];
        RidgeModel model = RidgeRegression.Fit(study.Features, allocations, labels, trends: true);
        double[][] samples = RidgeRegression.Bootstrap(model, study.Features, allocations, labels, resamples, seed, cancellationToken);
        return Collect(ModelNames.Ridge, study, model.Coefficients, samples, 1, []);
    }

    private static SensitivityResult Collect(string model, PredictorStudy study, double[] scores, double[][] samples, double deviationScale, IReadOnlyList<UnitSensitivity> units)
    {
        OptionFeatures features = study.Features;
        int options = features.OptionCount;
        double[][] drops = [.. samples.Select(sample => BitDrops.Of(features, (w, o) => sample[(w * options) + o]))];
        double[] drop = BitDrops.Of(features, (w, o) => scores[(w * options) + o]);
        WeightScores[] weights = [.. Enumerable.Range(0, features.WeightCount).Select(w =>
        {
            double[] row = scores[(w * options)..((w + 1) * options)];
            double[] deviations = [.. Enumerable.Range(0, options).Select(o => deviationScale * Deviation(samples.Select(sample => sample[(w * options) + o])))];
            return new WeightScores(study.WeightNames[w], row, deviations, Array.IndexOf(row, row.Max()), row.Max() - row.Min(),
                drop[w], deviationScale * Deviation(drops.Select(sample => sample[w])));
        })];
        int compared = Math.Min(drops.Length, MostCompared);
        var agreements = new List<double>();
        for (int a = 0; a < compared; a++) for (int b = 0; b < a; b++) agreements.Add(RankStatistics.KendallTauB(drops[a], drops[b]));
        // Fewer bits add error; the scores of the network and of ridge regression fall by it.
        double[] added = BitDrops.Of(features, (w, o) => -features.Error(w, o));
        return new SensitivityResult(model, [.. features.Options.Select(option => option.Name)], weights, units, samples.Length,
            Defined(agreements.Count == 0 ? double.NaN : agreements.Average()), Defined(RankStatistics.KendallTauB(drop, added)));
    }

    private static UnitSensitivity Describe(PredictorStudy study, PredictorUnit unit, double[] scores, int top)
    {
        return new UnitSensitivity(unit.Name, unit.Kind, unit.Hop, [.. unit.Weights.Select(w => study.WeightNames[w])], scores.Length,
            [.. UnitRanking.Best(scores, top).Select(Choice)], Choice(UnitRanking.Worst(scores)));

        UnitChoice Choice(int combination)
        {
            int[] digits = new int[unit.Weights.Count];
            int rest = combination;
            for (int i = digits.Length - 1; i >= 0; i--, rest /= study.Features.OptionCount) digits[i] = rest % study.Features.OptionCount;
            return new UnitChoice([.. digits.Select(option => study.Features.Options[option].Name)], scores[combination],
                unit.Weights.Select((w, i) => study.Features.QuantizedBytes(w, digits[i])).Sum());
        }
    }

    private static double Deviation(IEnumerable<double> values)
    {
        double[] all = [.. values];
        return all.Length > 1 ? all.StandardDeviation() : 0;
    }

    private static double? Defined(double value) => double.IsNaN(value) ? null : value;
}
