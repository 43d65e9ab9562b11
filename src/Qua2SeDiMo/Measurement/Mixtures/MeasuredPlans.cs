using Qua2SeDiMo.Measurement.Methods;
using Qua2SeDiMo.Pipelines;
using Qua2SeDiMo.Plans;
using Qua2SeDiMo.Predictors.Data;
using Qua2SeDiMo.Quantizers;
using Qua2SeDiMo.Runs;

namespace Qua2SeDiMo.Measurement.Mixtures;

/// <summary>Plans by what was measured, and what they promise before images verify them.</summary>
/// <param name="measured">What every option of every weight does.</param>
/// <param name="model">The model.</param>
/// <param name="run">Its run directory: trials of its study make the line from damage to similarity.</param>
/// <param name="features">Sizes, one row for each weight with an option of its own.</param>
internal sealed class MeasuredPlans(
    MeasuredModel measured,
    LoadedModel model,
    RunDirectory run,
    OptionFeatures features
)
{
    private readonly string[] names = [.. model.Operations.Groups.Select(group => group[0].Name)];

    /// <summary>The source of candidates.</summary>
    internal PlanSource Source => new(ScoreModel.Measured, Search(measured.Mixtures));

    /// <summary>
    /// What a proposal promises: half of the cotangents (of the images, where none were drawn) choose a plan and the
    /// other half say what it does, and the
    /// other way round. What chose a plan flatters it.
    /// </summary>
    /// <returns>Null where no line is known, or nothing can be held out.</returns>
    internal Measured? Promise(BitBudget budget, CancellationToken cancellationToken)
    {
        if (measured.Halves is not { } halves)
            return null;
        long bytes = budget.ToBytes(features.TotalOriginalBytes, features.OriginalBits);
        var predictions = new List<DamagePrediction>();
        foreach (
            (MixtureDamage chooses, MixtureDamage tells) in (ReadOnlySpan<(MixtureDamage, MixtureDamage)>)
                [halves, (halves.Second, halves.First)]
        )
        {
            if (MixturePredictions.LineOf(tells, model, run) is not { } line)
                return null;
            if (Search(chooses).Propose(bytes, cancellationToken) is not { } candidate)
                return null;
            predictions.Add(line.Predict(tells.Order(Allocation(candidate, tells.Effects))));
        }
        return new Measured(
            predictions.Average(one => one.Value),
            predictions.Average(one => one.Low),
            predictions.Average(one => one.High)
        );
    }

    private BitAllocation Allocation(PlanCandidate candidate, Effects effects) =>
        new(
            names.Zip(
                candidate.Options,
                (name, option) => KeyValuePair.Create(name, effects.Options[Places(effects)[option]])
            )
        );

    private DamageSearch Search(MixtureDamage mixtures)
    {
        Effects effects = mixtures.Effects;
        int[] options = Places(effects);
        int[] weights = [.. names.Select(name => effects.Weights.ToList().IndexOf(name))];
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
        return new DamageSearch(ScoreModel.Measured.Name, features, damages, effects.Kind != EffectKind.Losses);
    }

    // Of each option of the sizes its place among the measured ones.
    private int[] Places(Effects effects) =>
        [.. features.Options.Select(option => effects.Options.Select(spec => $"{spec}").ToList().IndexOf(option.Name))];
}
