using Qua2SeDiMo.Numerics;
using Qua2SeDiMo.Predictors.Baselines;
using Qua2SeDiMo.Predictors.Data;
using Qua2SeDiMo.Predictors.Training;

namespace Qua2SeDiMo.Predictors.Evaluation;

/// <summary>What cross validation trained.</summary>
/// <param name="Result">The table.</param>
/// <param name="Predictors">One network per fold, with moments and hop weights; empty when none was trained.</param>
/// <param name="Ridge">Ridge regression with trends on all trials.</param>
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

/// <summary>Five folds, 80 % training and 20 % test each, and every model on the same held-out trials.</summary>
internal static class CrossValidation
{
    /// <summary>Folds when the study names none.</summary>
    public const int FoldCount = 5;

    // Ranking the test trials takes about a tenth of an epoch.
    private const int RankPeriod = 5;

    /// <summary>Trains and compares.</summary>
    /// <param name="study">Labelled trials.</param>
    /// <param name="options">How the network is trained; null leaves the network out.</param>
    /// <param name="units">Groups of weights for ridge regression with pairs; null leaves it out.</param>
    /// <param name="progress">Called after each epoch.</param>
    /// <param name="cancellationToken">Stops between epochs.</param>
    /// <exception cref="PredictorFormatException">Too few trials.</exception>
    public static FittedModels Run(
        TrainingSet study,
        PredictorOptions? options,
        IReadOnlyList<IReadOnlyList<int>>? units = null,
        IProgress<TrainingProgress>? progress = null,
        CancellationToken cancellationToken = default
    ) => Run(study, options, units, null, progress, cancellationToken);

    /// <summary>The same, going on from kept states and keeping new ones: by fold.</summary>
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
        var tables = new Dictionary<string, Table>();
        var predictors = new List<Predictor>();
        List<double>[] hopSrcc = [.. Enumerable.Range(0, PredictorTopology.HopCount).Select(_ => new List<double>())];
        List<double>[] hopNdcg = [.. Enumerable.Range(0, PredictorTopology.HopCount).Select(_ => new List<double>())];
        StudyRows? rows = options is null ? null : new StudyRows(study);
        for (int f = 0; f < folds.Count; f++)
        {
            int fold = f;
            int[] test = [.. folds[f]],
                training = [.. Enumerable.Range(0, study.Trials.Count).Except(test)];
            var judge = new Judge(study, training, test);
            if (options is not null)
            {
                HeldOutRank? rank = null;
                Predictor predictor = PredictorTrainer.Train(
                    study,
                    rows!,
                    training,
                    options with
                    {
                        Seed = options.Seed + (ulong)fold,
                    },
                    progress is null ? null : Report,
                    checkpoints?.Invoke(fold),
                    cancellationToken
                );
                PredictorOutput output = predictor.Predict(rows!, test);
                Add(ModelNames.Network, judge, [.. output.Predictions]);
                for (int m = 0; m < PredictorTopology.HopCount; m++)
                {
                    hopSrcc[m].Add(judge.Srcc(output.HopNorms[m]));
                    hopNdcg[m].Add(judge.Ndcg(output.HopNorms[m]));
                    predictor.HopWeight[m] = HopWeight(predictor.Loss, hopSrcc[m][^1], hopNdcg[m][^1]);
                }
                predictors.Add(predictor);

                void Report(Predictor trained, int epoch, int epochs, double loss)
                {
                    if (epoch % RankPeriod == 0)
                        rank = judge.Rank(epoch, trained.Predict(rows!, test));
                    progress!.Report(new TrainingProgress(fold, folds.Count, epoch, epochs, loss, rank));
                }
            }
            Baselines(study, training, test, units, (name, predictions) => Add(name, judge, predictions));
            if (options is not null)
                Add(
                    ModelNames.Ensemble,
                    judge,
                    [
                        .. test.Select(t =>
                            (tables[ModelNames.Network].HeldOut[t] + tables[ModelNames.RidgeTrends].HeldOut[t]) / 2
                        ),
                    ]
                );
        }
        ModelScores[] models =
        [
            .. tables.Values.Select(table => new ModelScores(table.Name, table.Folds, table.HeldOut)),
        ];
        HopMetrics[] hops = options is null
            ? []
            :
            [
                .. Enumerable
                    .Range(0, PredictorTopology.HopCount)
                    .Select(m => new HopMetrics(m, hopSrcc[m], hopNdcg[m])),
            ];
        RidgeModel ridge = RidgeRegression.Fit(study, trends: true);
        return new FittedModels(
            new FitResult(study.Trials.Count, folds, models, hops, PredictorChoice.Between(models)),
            predictors,
            ridge
        );

        void Add(string name, Judge judge, double[] predictions)
        {
            if (!tables.TryGetValue(name, out Table? table))
                tables.Add(
                    name,
                    table = new Table(name, [], Enumerable.Repeat(double.NaN, study.Trials.Count).ToArray())
                );
            table.Folds.Add(judge.Measure(predictions));
            for (int i = 0; i < predictions.Length; i++)
                table.HeldOut[judge.Test[i]] = predictions[i];
        }
    }

    /// <summary>w_m: test SRCC of the hop; times NDCG for hybrid, NDCG for ndcg (method.md, section 7). Never below
    /// zero.</summary>
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
        int[] training,
        int[] test,
        IReadOnlyList<IReadOnlyList<int>>? units,
        Action<string, double[]> add
    )
    {
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

    private sealed record Table(string Name, List<FoldMetrics> Folds, double[] HeldOut);

    // Labels, relevances and average bits of one fold's test trials.
    private sealed class Judge
    {
        private readonly double[] labels,
            relevances,
            bits;

        public Judge(TrainingSet study, int[] training, int[] test)
        {
            Test = test;
            TargetScale scale = TargetScale.Relevance([.. training.Select(t => study.Trials[t].Target)]);
            labels = [.. test.Select(t => study.Trials[t].Target)];
            relevances = [.. labels.Select(scale.Apply)];
            bits = [.. test.Select(t => study.Trials[t].AverageBits)];
        }

        public int[] Test { get; }

        public double Srcc(IReadOnlyList<double> scores) => RankStatistics.Spearman([.. scores], labels);

        public double Ndcg(IReadOnlyList<double> scores, int top = int.MaxValue) =>
            RankStatistics.Ndcg(relevances, [.. scores], top);

        public HeldOutRank Rank(int epoch, PredictorOutput output) =>
            new(
                epoch,
                Srcc(output.Predictions),
                Ndcg(output.Predictions),
                [.. output.HopNorms.Select(norms => Srcc(norms))],
                [.. output.HopNorms.Select(norms => Ndcg(norms))]
            );

        public FoldMetrics Measure(double[] predictions)
        {
            double absolute = 0,
                square = 0;
            for (int i = 0; i < predictions.Length; i++)
            {
                double difference = predictions[i] - labels[i];
                absolute += Math.Abs(difference) / predictions.Length;
                square += difference * difference / predictions.Length;
            }
            return new FoldMetrics(
                Srcc(predictions),
                RankStatistics.PartialSpearman(predictions, labels, bits),
                Ndcg(predictions, 10),
                Ndcg(predictions),
                absolute,
                Math.Sqrt(square)
            );
        }
    }
}
