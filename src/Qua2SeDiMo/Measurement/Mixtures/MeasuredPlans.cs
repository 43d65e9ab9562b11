using Qua2SeDiMo.Measurement.Methods;
using Qua2SeDiMo.Pipelines;
using Qua2SeDiMo.Plans;
using Qua2SeDiMo.Predictors.Data;
using Qua2SeDiMo.Runs;

namespace Qua2SeDiMo.Measurement.Mixtures;

/// <summary>Plans by measured damage, and predictions for them before images verify them.</summary>
/// <param name="measured">The measurement.</param>
/// <param name="model">The model.</param>
/// <param name="run">The run directory; the trials of its study determine the line from damage to similarity.</param>
/// <param name="features">Sizes, one row per weight that has its own option.</param>
internal sealed class MeasuredPlans(MeasuredModel measured, OpenModel model, RunDirectory run, OptionFeatures features)
{
    private readonly string[][] names =
    [
        .. model.Operations.Groups.Select(group => group.Select(weight => weight.Name).ToArray()),
    ];
    private (DamageSearch Chooses, TrialLine? Tells)[]? halves;

    /// <summary>The plan source that minimises measured damage.</summary>
    internal PlanSource Source => new(ScoreModel.Measured, Search(measured.Mixtures, LineOf(measured.Mixtures)));

    /// <summary>
    /// Predicted similarity of a proposal. One half of the cotangents (or of the images, if none were drawn) chooses a
    /// plan and the other half predicts it, and vice versa: a prediction by the numbers that chose a plan would be too
    /// good.
    /// </summary>
    /// <returns>The mean of both predictions; null if no line is known or there are no halves.</returns>
    internal Measured? Promise(BitBudget budget, CancellationToken cancellationToken)
    {
        halves ??= [.. Halves()];
        if (halves.Length == 0)
            return null;
        long bytes = budget.ToBytes(features.TotalOriginalBytes, features.OriginalBits);
        var predictions = new List<DamagePrediction>();
        foreach ((DamageSearch chooses, TrialLine? tells) in halves)
        {
            if (tells is null || chooses.Propose(bytes, cancellationToken) is not { } candidate)
                return null;
            predictions.Add(tells.PredictPlainly(PlanEntries.Allocation(features, names, candidate.Options)));
        }
        return new Measured(
            predictions.Average(one => one.Value),
            predictions.Average(one => one.Low),
            predictions.Average(one => one.High)
        );
    }

    // The search by one half with the line of the other, both ways; empty if there are no halves.
    private IEnumerable<(DamageSearch Chooses, TrialLine? Tells)> Halves()
    {
        if (measured.Halves is not { } parts)
            yield break;
        TrialLine? first = LineOf(parts.First),
            second = LineOf(parts.Second);
        yield return (Search(parts.First, first), second);
        yield return (Search(parts.Second, second), first);
    }

    private TrialLine? LineOf(MixtureDamage mixtures) => TrialLine.Of(mixtures, model, run);

    private DamageSearch Search(MixtureDamage mixtures, TrialLine? line)
    {
        Effects effects = mixtures.Effects;
        string[] measuredOptions = [.. effects.Options.Select(spec => $"{spec}")],
            measuredWeights = [.. effects.Weights];
        int[] options = [.. features.Options.Select(option => Array.IndexOf(measuredOptions, option.Name))],
            weights = [.. names.Select(group => Array.IndexOf(measuredWeights, group[0]))];
        double[][] damages =
        [
            .. Enumerable
                .Range(0, effects.Images)
                .Select(image =>
                    weights
                        .SelectMany(weight => options.Select(option => mixtures.Mean(image, weight, option)))
                        .ToArray()
                ),
        ];
        double[]? correction = line?.Correction;
        return new DamageSearch(
            ScoreModel.Measured.Name,
            features,
            damages,
            effects.Kind != EffectKind.Losses,
            correction is null
                ? null
                :
                [
                    .. weights.SelectMany(weight =>
                        options.Select(option => correction[(weight * effects.Options.Count) + option])
                    ),
                ]
        );
    }
}
