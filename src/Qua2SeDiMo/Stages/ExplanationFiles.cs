using System.Globalization;
using Qua2SeDiMo.Predictors;
using Qua2SeDiMo.Reports;
using Qua2SeDiMo.Sensitivity;

namespace Qua2SeDiMo.Stages;

/// <summary>An explanation as figures: what the report shows and <c>explain --svg</c> writes.</summary>
public static class ExplanationFiles
{
    /// <summary>Writes every figure as an SVG file.</summary>
    /// <param name="record">The explanation.</param>
    /// <param name="folder">Where to; made if missing.</param>
    /// <returns>File names.</returns>
    public static IReadOnlyList<string> Write(SensitivityRecord record, string folder)
    {
        var names = new List<string>();
        foreach (ExplanationFigure figure in ExplanationFigures.All(Of(record)))
        {
            names.Add(figure.Drawing.Name + ".svg");
            AtomicFile.WriteText(Path.Combine(folder, names[^1]), figure.Drawing.ToFile());
        }
        return names;
    }

    /// <summary>The data of figures and tables.</summary>
    public static ExplanationData Of(SensitivityRecord record)
    {
        ArgumentNullException.ThrowIfNull(record);
        var models = new List<ExplanationModelData> { Model(record, "ridge", ModelLabels.Of(ModelNames.RidgeTrends), $"units of {record.Objective}", record.Ridge) };
        if (record.Network is { } network) models.Add(Network(record, record.Loss ?? "", network));
        models.AddRange(record.OtherLosses.Select(other => Network(record, other.Loss, other.Scores)));
        if (record.Decides == ModelNames.Network && models.Count > 1) (models[0], models[1]) = (models[1], models[0]);
        return new ExplanationData(
            [.. record.Ridge.Options.Select(Option)], models,
            record.Agreement is { } agreement ? new ExplanationAgreementData(agreement.Names, agreement.Weights, agreement.Folds, agreement.Resamples) : null,
            [.. record.Comparisons.SelectMany(comparison => comparison.Spreads.Select(spread => new ExplanationComparisonData(
                comparison.First.Name, comparison.Second.Name, ModelLabels.Scorer(comparison.Model), $"{spread.SampleCount} {spread.Kind}", spread.Difference, spread.Low, spread.High, spread.Probability)))],
            [.. record.Claims.Select(Claim)],
            [.. (record.Truth?.Rows ?? []).Select(row => new ExplanationTruthData(ModelLabels.Of(row.Model), row.Against, row.OptionsOfAWeight, row.Weights, row.CombinationsOfAUnit, row.Units))],
            record.Sentences);
    }

    /// <summary>Name, method and bits of an option for people.</summary>
    internal static OptionData Option(string name)
    {
        int cut = name.LastIndexOf('-');
        int bits = cut > 0 && int.TryParse(name[(cut + 1)..], CultureInfo.InvariantCulture, out int parsed) ? parsed : 0;
        string method = (cut > 0 ? name[..cut] : name).Replace('_', '-') switch { "uaq" => "UAQ", "kmeans-c" => "K-Means C", "kmeans-a" => "K-Means A", string other => other };
        return new OptionData(name, bits > 0 ? $"{method}, {bits} bits" : method, method, bits);
    }

    private static ExplanationModelData Network(SensitivityRecord record, string loss, SensitivityResult scores) =>
        Model(record, $"network-{loss}", $"GATv2 network, {loss}", "standard deviations of node norms", scores);

    private static ExplanationModelData Model(SensitivityRecord record, string key, string label, string unit, SensitivityResult scores)
    {
        ScoreSpread? other = scores.Spreads.Count > 1 ? scores.Spreads[1] : null;
        Dictionary<string, int> fromUnits = UnitOptions(scores);
        Dictionary<string, string> blocks = record.Weights.ToDictionary(weight => weight.Name, WeightGroups.BlockOf, StringComparer.Ordinal);
        return new ExplanationModelData(key, label, unit,
            [
                .. scores.Weights.Select((weight, w) => new ExplanationWeightData(weight.Name, blocks[weight.Name], record.Weights[w].LayerType, weight.Scores, weight.Deviations,
                    other?.Deviations[w], weight.BitDrop, weight.BitDropDeviation, other?.BitDropDeviations[w], weight.BestOption, fromUnits.TryGetValue(weight.Name, out int option) ? option : null)),
            ],
            [
                .. scores.Units.Where(one => one is { Weights.Count: > 1, Quantiles: not null })
                    .Select(one => new ExplanationUnitData(one.Name, one.Kind, blocks[one.Weights[^1]], one.Combinations, one.Quantiles!)),
            ],
            scores.Spreads.Count > 0 ? Words(scores.Spreads[0]) : "resamples", other is null ? null : Words(other));
    }

    private static string Words(ScoreSpread spread) => $"{spread.SampleCount} {(spread.Kind == ScoreSpread.Folds ? "folds" : "resamples of the trials")}";

    // A weight of several units takes its option from the first of them, as plans do.
    private static Dictionary<string, int> UnitOptions(SensitivityResult scores)
    {
        var chosen = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (UnitSensitivity unit in scores.Units.Where(unit => unit.Weights.Count > 1))
        {
            for (int i = 0; i < unit.Weights.Count; i++) chosen.TryAdd(unit.Weights[i], IndexOf(scores.Options, unit.Best[0].Options[i]));
        }
        return chosen;
    }

    private static int IndexOf(IReadOnlyList<string> options, string name)
    {
        for (int o = 0; o < options.Count; o++) if (options[o] == name) return o;
        return -1;
    }

    private static ExplanationClaimData Claim(ClaimSupport claim) => new(claim.Claim, claim.Value,
        claim.TurnsAround switch
        {
            null => "not turned around by leaving out up to half of the trials",
            int count => $"turned around by leaving out {count} of {claim.TrialCount} trials",
        },
        [.. claim.Supporting.Concat(claim.Opposing).Select(trial => new ExplanationTrialData(trial.Name, trial.Influence, trial.Label, trial.AverageBits,
            trial.Second is { } second ? $"{trial.First:P0} of A, {second:P0} of B" : $"{trial.First:P0}", trial.Images ?? ""))],
        [.. claim.SupportingImages.Select(image => $"{image.Prompt} (image {image.Image}, seed {image.Seed})")]);
}
