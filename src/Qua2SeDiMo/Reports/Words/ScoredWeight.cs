using MathNet.Numerics.Statistics;
using Qua2SeDiMo.Graphs.Operations;
using Qua2SeDiMo.Predictors.Evaluation;
using Qua2SeDiMo.Sensitivity;

namespace Qua2SeDiMo.Reports.Words;

/// <summary>A quantizable weight with the scores of the model that makes the plans.</summary>
/// <param name="Position">Where it is.</param>
/// <param name="Scores">One per option, in standard deviations; null before there is an explanation.</param>
internal sealed record ScoredWeight(WeightPosition Position, IReadOnlyList<OptionScore>? Scores)
{
    /// <summary>Module path.</summary>
    public string Name => Position.Name;

    /// <summary>Its block, for instance "block 3" or "down.1.0".</summary>
    public string Block => PositionWords.Block(Position);

    /// <summary>Operator type, for instance "cross-attention k"; weights of the same type are comparable.</summary>
    public string Role => PositionWords.Role(Position);

    /// <summary>Whether it lies outside the repeated blocks (embedders, first and last layers).</summary>
    public bool IsOutside => PositionWords.IsOutside(Position);

    /// <summary>Largest minus smallest score: how much the choice of option matters; null without scores.</summary>
    public double? Spread =>
        Scores is { Count: > 0 } ? Scores.Max(score => score.Mean) - Scores.Min(score => score.Mean) : null;

    /// <summary>Every quantizable weight of a report in the order of the network.</summary>
    public static IReadOnlyList<ScoredWeight> All(ReportData report)
    {
        if (report.Explanation is not { } explanation)
            return [.. report.Weights.Select(position => new ScoredWeight(position, null))];
        // The network's scores are in standard deviations already; ridge regression's, in units of the objective, are
        // brought to them.
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

/// <summary>The predicted effect of an option on the objective; larger is better, in standard deviations.</summary>
/// <param name="Mean">Score over all folds.</param>
/// <param name="Deviation">Standard deviation over folds.</param>
internal readonly record struct OptionScore(double Mean, double Deviation);
