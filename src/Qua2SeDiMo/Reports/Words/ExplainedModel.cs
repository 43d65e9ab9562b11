using Qua2SeDiMo.Predictors.Evaluation;
using Qua2SeDiMo.Sensitivity;

namespace Qua2SeDiMo.Reports.Words;

/// <summary>The scores of one model of an explanation, with its names in figures and tables.</summary>
internal sealed class ExplainedModel
{
    private readonly SensitivityRecord record;
    private readonly Dictionary<string, string> blocks;
    private readonly Dictionary<string, int> fromUnits;

    private ExplainedModel(SensitivityRecord record, string key, string label, string unit, SensitivityResult scores)
    {
        this.record = record;
        (Key, Label, Unit, Scores) = (key, label, unit, scores);
        blocks = record.Weights.ToDictionary(weight => weight.Name, WeightGroups.BlockOf, StringComparer.Ordinal);
        fromUnits = UnitOptions(scores);
    }

    /// <summary>Unique identifier, used in file names.</summary>
    internal string Key { get; }

    /// <summary>Display name.</summary>
    internal string Label { get; }

    /// <summary>Unit of the scores.</summary>
    internal string Unit { get; }

    /// <summary>The scores.</summary>
    internal SensitivityResult Scores { get; }

    /// <summary>Indices of all weights.</summary>
    internal IEnumerable<int> Weights => Enumerable.Range(0, Scores.Weights.Count);

    /// <summary>Indices of all weights, most sensitive first.</summary>
    internal IEnumerable<int> Ranked => Weights.OrderByDescending(w => Scores.Weights[w].FewerBitsCost);

    /// <summary>The scored units with two or more weights; empty if no units were scored.</summary>
    internal IEnumerable<UnitSensitivity> Units =>
        Scores.Units.Where(unit => unit is { Weights.Count: > 1, Quantiles: not null });

    /// <summary>Spread for the second kind of resampling; null if there is only one.</summary>
    internal ScoreSpread? Other => Scores.Spreads.Count > 1 ? Scores.Spreads[1] : null;

    /// <summary>Description of the samples behind the scores' deviations, for instance "5 folds".</summary>
    internal string MainWords => Scores.Spreads.Count > 0 ? Words(Scores.Spreads[0]) : "resamples";

    /// <summary>Description of the samples behind <see cref="Other"/>; null without it.</summary>
    internal string? OtherWords => Other is { } other ? Words(other) : null;

    /// <summary>Every model of an explanation, the deciding one first.</summary>
    internal static IReadOnlyList<ExplainedModel> All(SensitivityRecord record)
    {
        string label = ModelLabels.Of(ModelNames.RidgeTrends);
        var models = new List<ExplainedModel>
        {
            new(record, "ridge", label, $"units of {record.Objective}", record.Ridge),
        };
        if (record.Network is { } network)
            models.Add(OfNetwork(record, record.Loss ?? "", network));
        models.AddRange(record.OtherLosses.Select(other => OfNetwork(record, other.Loss, other.Scores)));
        if (record.Decides == ModelNames.Network && models.Count > 1)
            (models[0], models[1]) = (models[1], models[0]);
        return models;
    }

    /// <summary>Description of the samples of a spread.</summary>
    internal static string Words(ScoreSpread spread) =>
        $"{spread.SampleCount} {(spread.Kind == ScoreSpread.Folds ? "folds" : "resamples of the trials")}";

    /// <summary>Name of the block of a weight, or "outside".</summary>
    internal string Block(int weight) => blocks[Scores.Weights[weight].Name];

    /// <summary>Operator type of a weight.</summary>
    internal string Type(int weight) => record.Weights[weight].LayerType;

    /// <summary>Name of the block of a unit, which is that of its last weight.</summary>
    internal string Block(UnitSensitivity unit) => blocks[unit.Weights[^1]];

    /// <summary>Index of a weight's option in the best combination of its unit, or of its own best option if it is in
    /// no unit.</summary>
    internal int UnitOption(int weight) =>
        fromUnits.TryGetValue(Scores.Weights[weight].Name, out int option) ? option : Scores.Weights[weight].BestOption;

    private static ExplainedModel OfNetwork(SensitivityRecord record, string loss, SensitivityResult scores) =>
        new(record, $"network-{loss}", $"GATv2 network, {loss}", "standard deviations of node norms", scores);

    // A weight in several units takes its option from the first of them, as in plans.
    private static Dictionary<string, int> UnitOptions(SensitivityResult scores)
    {
        string[] options = [.. scores.Options];
        var chosen = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (UnitSensitivity unit in scores.Units.Where(unit => unit.Weights.Count > 1))
        {
            for (int i = 0; i < unit.Weights.Count; i++)
                chosen.TryAdd(unit.Weights[i], Array.IndexOf(options, unit.Best[0].Options[i]));
        }
        return chosen;
    }
}
