using Qua2SeDiMo.Numerics;
using Qua2SeDiMo.Predictors.Data;
using Qua2SeDiMo.Predictors.Training;

namespace Qua2SeDiMo.Predictors.Evaluation;

/// <summary>One fold: its training trials, and the held-out test trials with the labels that models are scored
/// by.</summary>
internal sealed class HeldOutFold
{
    // Label, relevance and average bits of each test trial.
    private readonly double[] labels,
        relevances,
        bits;

    /// <param name="study">Labelled trials.</param>
    /// <param name="number">Index of the fold, from 0.</param>
    /// <param name="test">The fold's test trials; all others are training trials.</param>
    public HeldOutFold(TrainingSet study, int number, IReadOnlyList<int> test)
    {
        Number = number;
        Test = [.. test];
        Training = [.. Enumerable.Range(0, study.Trials.Count).Except(Test)];
        TargetScale scale = TargetScale.Relevance([.. Training.Select(t => study.Trials[t].Target)]);
        labels = [.. Test.Select(t => study.Trials[t].Target)];
        relevances = [.. labels.Select(scale.Apply)];
        bits = [.. Test.Select(t => study.Trials[t].AverageBits)];
    }

    public int Number { get; }

    public int[] Training { get; }

    public int[] Test { get; }

    /// <summary>Spearman correlation of scores with the labels.</summary>
    /// <param name="scores">One per test trial.</param>
    public double Srcc(IReadOnlyList<double> scores) => RankStatistics.Spearman([.. scores], labels);

    /// <summary>NDCG of the order of scores; relevances are scaled by the training labels.</summary>
    /// <param name="scores">One per test trial.</param>
    /// <param name="top">Number of leading ranks that count.</param>
    public double Ndcg(IReadOnlyList<double> scores, int top = int.MaxValue) =>
        RankStatistics.Ndcg(relevances, [.. scores], top);

    /// <summary>Ranking of the test trials by a network during training.</summary>
    public HeldOutRank Rank(int epoch, PredictorOutput output) =>
        new(
            epoch,
            Srcc(output.Predictions),
            Ndcg(output.Predictions),
            [.. output.HopNorms.Select(norms => Srcc(norms))],
            [.. output.HopNorms.Select(norms => Ndcg(norms))]
        );

    /// <summary>Scores of a model on the test trials.</summary>
    /// <param name="predictions">In label units, one per test trial.</param>
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
