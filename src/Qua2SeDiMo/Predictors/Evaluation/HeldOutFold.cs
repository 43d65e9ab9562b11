using Qua2SeDiMo.Numerics;
using Qua2SeDiMo.Predictors.Data;
using Qua2SeDiMo.Predictors.Training;

namespace Qua2SeDiMo.Predictors.Evaluation;

/// <summary>One fold: the trials that models train on, and the held-out ones that judge them by their labels.</summary>
internal sealed class HeldOutFold
{
    // Of the test trials.
    private readonly double[] labels,
        relevances,
        bits;

    /// <param name="study">Labelled trials.</param>
    /// <param name="number">From 0.</param>
    /// <param name="test">Its test trials; models train on all others.</param>
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

    /// <summary>Spearman of scores against the labels.</summary>
    /// <param name="scores">One per test trial.</param>
    public double Srcc(IReadOnlyList<double> scores) => RankStatistics.Spearman([.. scores], labels);

    /// <summary>NDCG of the order of scores, relevances from the training labels.</summary>
    /// <param name="scores">One per test trial.</param>
    /// <param name="top">How many of the first count.</param>
    public double Ndcg(IReadOnlyList<double> scores, int top = int.MaxValue) =>
        RankStatistics.Ndcg(relevances, [.. scores], top);

    /// <summary>How a network in training ranks the test trials.</summary>
    public HeldOutRank Rank(int epoch, PredictorOutput output) =>
        new(
            epoch,
            Srcc(output.Predictions),
            Ndcg(output.Predictions),
            [.. output.HopNorms.Select(norms => Srcc(norms))],
            [.. output.HopNorms.Select(norms => Ndcg(norms))]
        );

    /// <summary>How a model does on the test trials.</summary>
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
