using Qua2SeDiMo.Measurement.Methods;
using Qua2SeDiMo.Pipelines;
using Qua2SeDiMo.Plans;
using Qua2SeDiMo.Predictors.Data;
using Qua2SeDiMo.Runs;

namespace Qua2SeDiMo.Measurement.Mixtures;

/// <summary>Plans by what was measured, and what they promise before images verify them.</summary>
internal sealed class MeasuredPlans
{
    private readonly MeasuredModel measured;
    private readonly OpenModel model;
    private readonly RunDirectory run;
    private readonly OptionFeatures features;
    private readonly string[][] names;
    private readonly IReadOnlyList<PlanSource> sources;
    private (IReadOnlyList<PlanSource> Choose, TrialLine? Predicts)[]? halves;

    /// <summary>Prepares plans.</summary>
    /// <param name="measured">What every option of every weight does.</param>
    /// <param name="model">The model.</param>
    /// <param name="run">Its run directory: trials of its study make the line from damage to similarity.</param>
    /// <param name="features">Sizes, one row for each weight with an option of its own.</param>
    internal MeasuredPlans(MeasuredModel measured, OpenModel model, RunDirectory run, OptionFeatures features)
    {
        (this.measured, this.model, this.run, this.features) = (measured, model, run, features);
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
            predictions.Add(predicts.PredictPlainly(PlanEntries.Allocation(features, names, candidate.Options)));
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
        var sums = new DamageSearch(
            ScoreModel.Measured.Name,
            features,
            damages,
            effects.Kind != EffectKind.Losses,
            corrections
        );
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
}
