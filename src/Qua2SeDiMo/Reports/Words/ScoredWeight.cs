using MathNet.Numerics.Statistics;
using Qua2SeDiMo.Graphs.Operations;
using Qua2SeDiMo.Predictors.Evaluation;
using Qua2SeDiMo.Sensitivity;

namespace Qua2SeDiMo.Reports.Words;

/// <summary>A quantizable weight with its scores by the model that makes the plans.</summary>
/// <param name="Position">Name, block, layer type and size of the weight.</param>
/// <param name="Scores">Score of each option, in standard deviations; null if there is no explanation.</param>
internal sealed record ScoredWeight(WeightPosition Position, IReadOnlyList<OptionScore>? Scores)
{
    /// <summary>Name of the weight, its module path.</summary>
    public string Name => Position.Name;

    /// <summary>Name of its block, for instance "block 3" or "down.1.0".</summary>
    public string Block => PositionWords.Block(Position);

    /// <summary>Operator type, for instance "cross-attention k"; weights of the same type are comparable.</summary>
    public string Role => PositionWords.Role(Position);

    /// <summary>Whether it is outside the repeated blocks (embedders, first and last layers).</summary>
    public bool IsOutside => PositionWords.IsOutside(Position);

    /// <summary>Largest minus smallest score; null without scores.</summary>
    public double? Spread =>
        Scores is { Count: > 0 } ? Scores.Max(score => score.Mean) - Scores.Min(score => score.Mean) : null;

    /// <summary>Every quantizable weight of a report, in network order.</summary>
    public static IReadOnlyList<ScoredWeight> All(ReportData report)
    {
        if (report.Explanation is not { } explanation)
            return [.. report.Weights.Select(position => new ScoredWeight(position, null))];
        // The network's scores are in standard deviations; those of ridge regression, in units of the objective, are
        // divided by the standard deviation of the objective over trials.
        double unit =
            report.DecidingFamily == ModelNames.Network
                ? 1
                : report.Trials.Select(trial => trial.Objective).StandardDeviation();
        var scores = explanation
            .By(report.DecidingFamily ?? explanation.Decides)
            .Weights.ToDictionary(weight => weight.Name, weight => Scaled(weight, unit), StringComparer.Ordinal);
        return
        [
            .. report.Weights.Select(position => new ScoredWeight(position, scores.GetValueOrDefault(position.Name))),
        ];
    }

    private static IReadOnlyList<OptionScore> Scaled(WeightScores weight, double unit) =>
        [.. weight.Scores.Zip(weight.Deviations, (mean, deviation) => new OptionScore(mean / unit, deviation / unit))];
}

/// <summary>Predicted effect of an option on the objective, in standard deviations; larger is better.</summary>
/// <param name="Mean">The score.</param>
/// <param name="Deviation">Standard deviation of the score over folds (network) or resamples (ridge
/// regression).</param>
internal readonly record struct OptionScore(double Mean, double Deviation);
