using Qua2SeDiMo.Predictors.Baselines;
using Qua2SeDiMo.Predictors.Data;
using Qua2SeDiMo.Predictors.Evaluation;
using Qua2SeDiMo.Predictors.Training;

namespace Qua2SeDiMo.Sensitivity;

/// <summary>Models that give a score to each option of each weight, in a common form.</summary>
internal static class ScoreSources
{
    /// <summary>The network if there is one, ridge regression with and without trends, main effects, and weight
    /// error.</summary>
    /// <param name="study">Options and labels.</param>
    /// <param name="folds">One network per fold; may be empty.</param>
    /// <param name="trends">Ridge regression with trends, fitted to all trials.</param>
    public static IReadOnlyList<ModelScoreSource> Of(
        TrainingSet study,
        IReadOnlyList<Predictor> folds,
        RidgeModel trends
    )
    {
        ArgumentNullException.ThrowIfNull(study);
        ArgumentNullException.ThrowIfNull(folds);
        ArgumentNullException.ThrowIfNull(trends);
        var sources = new List<ModelScoreSource>();
        if (folds.Count > 0)
            sources.Add(Network(study, folds));
        int options = study.Features.OptionCount;
        sources.Add(ModelScoreSource.Additive(ModelNames.RidgeTrends, trends.Coefficients, options));
        sources.AddRange(Baselines(study));
        return sources;
    }

    /// <summary>The network's scores, summed over folds.</summary>
    public static ModelScoreSource Network(TrainingSet study, IReadOnlyList<Predictor> folds)
    {
        var hops = new HopScores(study.Topology, study.Features);
        double[] total = new double[study.Features.WeightCount * study.Features.OptionCount];
        foreach (Predictor fold in folds)
        {
            double[] own = hops.Operations(fold);
            for (int i = 0; i < total.Length; i++)
                total[i] += own[i];
        }
        return new ModelScoreSource(ModelNames.Network, total, unit => hops.Unit(folds, unit));
    }

    /// <summary>Ridge regression without trends, main effects, and weight error.</summary>
    public static IReadOnlyList<ModelScoreSource> Baselines(TrainingSet study)
    {
        ArgumentNullException.ThrowIfNull(study);
        OptionFeatures features = study.Features;
        IReadOnlyList<int>[] allocations = [.. study.Trials.Select(trial => trial.Options)];
        double[] labels = [.. study.Trials.Select(trial => trial.Target)];
        double[] errors =
        [
            .. Enumerable
                .Range(0, features.WeightCount * features.OptionCount)
                .Select(i => -features.Error(i / features.OptionCount, i % features.OptionCount)),
        ];
        return
        [
            ModelScoreSource.Additive(
                ModelNames.Ridge,
                RidgeRegression.Fit(features, allocations, labels).Coefficients,
                features.OptionCount
            ),
            ModelScoreSource.Additive(
                ModelNames.MainEffects,
                MainEffects.Effects(features, allocations, labels),
                features.OptionCount
            ),
            ModelScoreSource.Additive(ModelNames.ErrorSum, errors, features.OptionCount),
        ];
    }
}
