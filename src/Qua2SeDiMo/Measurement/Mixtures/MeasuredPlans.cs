using Qua2SeDiMo.Measurement.Methods;
using Qua2SeDiMo.Pipelines;
using Qua2SeDiMo.Plans;
using Qua2SeDiMo.Predictors.Data;
using Qua2SeDiMo.Quantizers;
using Qua2SeDiMo.Runs;

namespace Qua2SeDiMo.Measurement.Mixtures;

/// <summary>A bound on the bit operations of one call.</summary>
/// <param name="Most">Most bit operations.</param>
/// <param name="MultiplyAccumulates">Of one call, by weight name.</param>
internal sealed record OperationBound(double Most, IReadOnlyDictionary<string, long> MultiplyAccumulates);

/// <summary>Plans by what was measured, and what they promise before images verify them.</summary>
internal sealed class MeasuredPlans
{
    private readonly MeasuredModel measured;
    private readonly OpenModel model;
    private readonly RunDirectory run;
    private readonly OptionFeatures features;
    private readonly OperationBound? operations;
    private readonly string[][] names;
    private readonly IReadOnlyList<PlanSource> sources;
    private (IReadOnlyList<PlanSource> Choose, TrialLine? Predicts)[]? halves;

    /// <summary>Prepares plans.</summary>
    /// <param name="measured">What every option of every weight does.</param>
    /// <param name="model">The model.</param>
    /// <param name="run">Its run directory: trials of its study make the line from damage to similarity.</param>
    /// <param name="features">Sizes, one row for each weight with an option of its own.</param>
    /// <param name="operations">Bound on bit operations, for plans of weights and inputs of layers together; null for plans
    /// of weights alone.</param>
    internal MeasuredPlans(
        MeasuredModel measured,
        OpenModel model,
        RunDirectory run,
        OptionFeatures features,
        OperationBound? operations = null
    )
    {
        (this.measured, this.model, this.run, this.features) = (measured, model, run, features);
        this.operations = operations;
        names = [.. model.Operations.Groups.Select(group => group.Select(weight => weight.Name).ToArray())];
        MixtureDamage mixtures = measured.Mixtures;
        sources = Make(mixtures, LineOf(mixtures));
    }

    /// <summary>The source of candidates of a level; without a level the one that counts interactions of weights where
    /// they are known, which beat summed damages at every size that was tried (docs/sensitivity.md).</summary>
    internal IEnumerable<PlanSource> Sources(PlanLevel? level) =>
        level is null ? [sources[^1]] : sources.Where(source => source.Scores.Level == level);

    /// <summary>
    /// What a candidate of a source promises: half of the cotangents (of the images, where none were drawn) choose a
    /// plan and the other half predict it, and the other way round. Numbers that chose a plan would flatter it.
    /// </summary>
    /// <returns>Null where no line is known, or nothing can be held out.</returns>
    internal Measured? Promise(ScoreModel scores, BitBudget budget, CancellationToken cancellationToken)
    {
        halves ??= [.. Halves()];
        if (halves.Length == 0)
            return null;
        long bytes = budget.ToBytes(features.TotalOriginalBytes, features.OriginalBits);
        var predictions = new List<DamagePrediction>();
        foreach ((IReadOnlyList<PlanSource> choose, TrialLine? predicts) in halves)
        {
            // Half of the cotangents may be too few to know interactions.
            ICandidateSearch search = (choose.FirstOrDefault(source => source.Scores == scores) ?? choose[^1]).Search;
            if (predicts is null || search.Propose(bytes, cancellationToken) is not { } candidate)
                return null;
            predictions.Add(
                predicts.PredictPlainly(
                    PlanEntries.Allocation(features, names, candidate.Options),
                    PlanEntries.Activations(names, candidate.Activations) is { } bits
                        ? new ActivationAllocation(bits)
                        : null
                )
            );
        }
        return new Measured(
            predictions.Average(one => one.Value),
            predictions.Average(one => one.Low),
            predictions.Average(one => one.High)
        );
    }

    // What one half chooses and the other one predicts of it, both ways round; empty where nothing can be held out.
    private IEnumerable<(IReadOnlyList<PlanSource> Choose, TrialLine? Predicts)> Halves()
    {
        if (measured.Halves is not { } parts)
            yield break;
        TrialLine? first = LineOf(parts.First),
            second = LineOf(parts.Second);
        yield return (Make(parts.First, first), second);
        yield return (Make(parts.Second, second), first);
    }

    private TrialLine? LineOf(MixtureDamage mixtures) => TrialLine.Of(mixtures, model, run);

    private IReadOnlyList<PlanSource> Make(MixtureDamage mixtures, TrialLine? line)
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
                .Select(image => InOrder((weight, option) => mixtures.Mean(image, weight, option))),
        ];
        double[]? corrections = line?.Correction is { } found
            ? InOrder((weight, option) => found[(weight * effects.Options.Count) + option])
            : null;
        bool isLogarithmic = effects.Kind != EffectKind.Losses;
        if (operations is not null)
        {
            // Interactions of inputs are not known: damages of both kinds add up.
            var both = new OperationSearch(
                ScoreModel.Measured.Name,
                Layers(mixtures, weights, damages),
                operations.Most,
                isLogarithmic,
                corrections
            );
            return [new PlanSource(ScoreModel.Measured, both)];
        }
        var sums = new DamageSearch(ScoreModel.Measured.Name, features, damages, isLogarithmic, corrections);
        var source = new PlanSource(ScoreModel.Measured, sums);
        if (mixtures.Interactions is null)
            return [source];
        var whole = new PredictionSearch(ScoreModel.MeasuredWhole.Name, features, Predict, [sums]);
        return [source, new PlanSource(ScoreModel.MeasuredWhole, whole)];

        double[] InOrder(Func<int, int, double> value) =>
            [.. weights.SelectMany(weight => options.Select(option => value(weight, option)))];

        IReadOnlyList<double> Predict(IReadOnlyList<IReadOnlyList<int>> mixed)
        {
            IReadOnlyList<double> orders = mixtures.Orders([.. mixed.Select(Measured)]);
            return [.. mixed.Select((chosen, i) => -orders[i] - Correction(chosen))];
        }

        int[] Measured(IReadOnlyList<int> chosen)
        {
            int[] of = new int[effects.Weights.Count];
            for (int weight = 0; weight < chosen.Count; weight++)
                of[weights[weight]] = options[chosen[weight]];
            return of;
        }

        double Correction(IReadOnlyList<int> chosen) =>
            corrections is null
                ? 0
                : Enumerable.Range(0, chosen.Count).Sum(i => corrections[(i * options.Length) + chosen[i]]);
    }

    private JointOptions Layers(MixtureDamage mixtures, int[] weights, double[][] damages)
    {
        Effects effects = mixtures.Effects;
        double[] OfInputs(int image) => [.. weights.SelectMany(weight => OfInput(image, weight))];
        // Nothing if the input is not quantized, then bits as they were measured.
        IEnumerable<double> OfInput(int image, int weight) =>
            effects.ActivationBits.Select((_, at) => mixtures.Mean(image, weight, effects.OfInput(at))).Prepend(0);
        return new JointOptions(
            features,
            [.. names.Select(group => group.Sum(name => operations!.MultiplyAccumulates[name]))],
            [ActivationAllocation.UnroundedBits, .. effects.ActivationBits],
            damages,
            [.. Enumerable.Range(0, effects.Images).Select(OfInputs)]
        );
    }
}
