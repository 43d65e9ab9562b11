using Qua2SeDiMo.Predictors.Baselines;
using Qua2SeDiMo.Predictors.Data;
using Qua2SeDiMo.Predictors.Training;

namespace Qua2SeDiMo.Predictors.Evaluation;

/// <summary>The models that cross-validation trained, and their scores.</summary>
/// <param name="Result">Scores of every model on held-out trials.</param>
/// <param name="Predictors">One network per fold, with target scale and hop weights; empty when none was
/// trained.</param>
/// <param name="Ridge">Ridge regression with trends, fitted to all trials.</param>
internal sealed record FittedModels(FitResult Result, IReadOnlyList<Predictor> Predictors, RidgeModel Ridge)
    : IDisposable
{
    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (Predictor predictor in Predictors)
            predictor.Dispose();
    }
}

/// <summary>Cross-validation: every model is trained and scored on the same folds.</summary>
internal static class CrossValidation
{
    /// <summary>Number of folds when the study prescribes none: 80 % training and 20 % test trials each.</summary>
    public const int FoldCount = 5;

    /// <summary>Trains and scores all models.</summary>
    /// <param name="study">Labelled trials.</param>
    /// <param name="options">Training options of the network; null leaves the network out.</param>
    /// <param name="units">Groups of weights for ridge regression with pairs; null leaves that model out.</param>
    /// <param name="progress">Called after each epoch.</param>
    /// <param name="cancellationToken">Cancels between epochs.</param>
    /// <exception cref="PredictorFormatException">There are fewer trials than folds.</exception>
    public static FittedModels Run(
        TrainingSet study,
        PredictorOptions? options,
        IReadOnlyList<IReadOnlyList<int>>? units = null,
        IProgress<TrainingProgress>? progress = null,
        CancellationToken cancellationToken = default
    ) => Run(study, options, units, null, progress, cancellationToken);

    /// <summary>Trains and scores all models; each fold's network resumes from its checkpoint and saves new
    /// ones.</summary>
    internal static FittedModels Run(
        TrainingSet study,
        PredictorOptions? options,
        IReadOnlyList<IReadOnlyList<int>>? units,
        Func<int, TrainingCheckpoint>? checkpoints,
        IProgress<TrainingProgress>? progress,
        CancellationToken cancellationToken
    )
    {
        ArgumentNullException.ThrowIfNull(study);
        IReadOnlyList<IReadOnlyList<int>> folds =
            study.Folds ?? FoldBorders.Split(study.Trials.Count, FoldCount, options?.Seed ?? 0);
        var tables = new ScoreTables(study.Trials.Count);
        NetworkFolds? networks = options is null
            ? null
            : new NetworkFolds(study, options, folds.Count, checkpoints, progress);
        for (int f = 0; f < folds.Count; f++)
        {
            var fold = new HeldOutFold(study, f, folds[f]);
            if (networks is not null)
                tables.Add(ModelNames.Network, fold, networks.Train(fold, cancellationToken));
            Baselines(study, fold, units, (name, predictions) => tables.Add(name, fold, predictions));
            if (networks is not null)
                tables.Add(ModelNames.Ensemble, fold, tables.Mean(fold, ModelNames.Network, ModelNames.RidgeTrends));
        }
        ModelScores[] models = tables.Scores();
        return new FittedModels(
            new FitResult(study.Trials.Count, folds, models, networks?.Hops() ?? [], PredictorChoice.Between(models)),
            networks?.Predictors ?? [],
            RidgeRegression.Fit(study, trends: true)
        );
    }

    /// <summary>Weight w_m of a hop, at least 0: its SRCC on the test trials, its SRCC × NDCG for the hybrid loss, or
    /// its NDCG for the NDCG loss (method.md, section 7).</summary>
    internal static double HopWeight(PredictorLoss loss, double srcc, double ndcg)
    {
        double rank = double.IsNaN(srcc) ? 0 : srcc;
        return Math.Max(
            0,
            loss switch
            {
                PredictorLoss.Hybrid => rank * ndcg,
                PredictorLoss.Ndcg => ndcg,
                _ => rank,
            }
        );
    }

    private static void Baselines(
        TrainingSet study,
        HeldOutFold fold,
        IReadOnlyList<IReadOnlyList<int>>? units,
        Action<string, double[]> add
    )
    {
        (int[] training, int[] test) = (fold.Training, fold.Test);
        IReadOnlyList<int>[] allocations = [.. training.Select(t => study.Trials[t].Options)];
        double[] labels = [.. training.Select(t => study.Trials[t].Target)];
        RidgeModel ridge = RidgeRegression.Fit(study.Features, allocations, labels);
        add(ModelNames.Ridge, [.. test.Select(t => ridge.Predict(study.Trials[t].Options))]);
        RidgeModel trends = RidgeRegression.Fit(study.Features, allocations, labels, trends: true);
        add(ModelNames.RidgeTrends, [.. test.Select(t => trends.Predict(study.Trials[t].Options))]);
        if (units is not null)
        {
            RidgeModel pairs = RidgeRegression.Fit(study.Features, allocations, labels, units);
            add(ModelNames.RidgePairs, [.. test.Select(t => pairs.Predict(study.Trials[t].Options))]);
        }
        double[] effects = MainEffects.Effects(study.Features, allocations, labels);
        add(
            ModelNames.MainEffects,
            Line(t => MainEffects.Sum(effects, study.Features.OptionCount, study.Trials[t].Options))
        );
        add(ModelNames.AverageBits, Line(t => study.Trials[t].AverageBits));
        add(ModelNames.ErrorSum, Line(t => study.Features.TotalError([.. study.Trials[t].Options])));
        add(ModelNames.Mean, Line(_ => 0));

        double[] Line(Func<int, double> feature)
        {
            double[] x = [.. training.Select(feature)];
            double meanX = x.Average(),
                meanY = labels.Average(),
                xx = 0,
                xy = 0;
            for (int i = 0; i < x.Length; i++)
            {
                xx += (x[i] - meanX) * (x[i] - meanX);
                xy += (x[i] - meanX) * (labels[i] - meanY);
            }
            double slope = xx > 0 ? xy / xx : 0;
            return [.. test.Select(t => meanY + (slope * (feature(t) - meanX)))];
        }
    }

    // Collects the scores of each model, fold by fold.
    private sealed class ScoreTables(int trialCount)
    {
        private readonly Dictionary<string, Table> tables = [];

        public ModelScores[] Scores() =>
            [.. tables.Values.Select(table => new ModelScores(table.Name, table.Folds, table.HeldOut))];

        public void Add(string name, HeldOutFold fold, double[] predictions)
        {
            if (!tables.TryGetValue(name, out Table? table))
                tables.Add(name, table = new Table(name, [], Enumerable.Repeat(double.NaN, trialCount).ToArray()));
            table.Folds.Add(fold.Measure(predictions));
            for (int i = 0; i < predictions.Length; i++)
                table.HeldOut[fold.Test[i]] = predictions[i];
        }

        public double[] Mean(HeldOutFold fold, string one, string other) =>
            [.. fold.Test.Select(t => (tables[one].HeldOut[t] + tables[other].HeldOut[t]) / 2)];

        private sealed record Table(string Name, List<FoldMetrics> Folds, double[] HeldOut);
    }
}
