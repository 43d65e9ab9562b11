using Qua2SeDiMo.Measurement.Methods;
using Qua2SeDiMo.Pipelines;
using Qua2SeDiMo.Plans;
using Qua2SeDiMo.Predictors.Data;
using Qua2SeDiMo.Runs;

namespace Qua2SeDiMo.Measurement.Mixtures;

/// <summary>Plans by what was measured, and what they promise before images verify them.</summary>
/// <param name="measured">What every option of every weight does.</param>
/// <param name="model">The model.</param>
/// <param name="run">Its run directory: trials of its study make the line from damage to similarity.</param>
/// <param name="features">Sizes, one row for each weight with an option of its own.</param>
internal sealed class MeasuredPlans(MeasuredModel measured, OpenModel model, RunDirectory run, OptionFeatures features)
{
    private readonly string[][] names =
    [
        .. model.Operations.Groups.Select(group => group.Select(weight => weight.Name).ToArray()),
    ];
    private (DamageSearch Chooses, TrialLine? Tells)[]? halves;

    /// <summary>The source of candidates.</summary>
    internal PlanSource Source => new(ScoreModel.Measured, Search(measured.Mixtures, LineOf(measured.Mixtures)));

    /// <summary>
    /// What a proposal promises: half of the cotangents (of the images, where none were drawn) choose a plan and the
    /// other half say what it does, and the other way round. What chose a plan flatters it.
    /// </summary>
    /// <returns>Null where no line is known, or nothing can be held out.</returns>
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

    // What one half chooses and the other one says of it, both ways round; empty where nothing can be held out.
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
