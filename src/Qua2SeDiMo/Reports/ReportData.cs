using Qua2SeDiMo.Json;
using Qua2SeDiMo.Sensitivity;

namespace Qua2SeDiMo.Reports;

/// <summary>
/// Everything that a report shows, computed elsewhere. The report only orders, compares and draws it. Sections whose part is null
/// or empty are left out, so a report can be written after any stage.
/// </summary>
public sealed record ReportData
{
    /// <summary>What was run, on what, for how long.</summary>
    public required RunData Run { get; init; }

    /// <summary>The metrics, in the order in which they are shown; the keys are used by entries and trials.</summary>
    public required IReadOnlyList<MetricData> Metrics { get; init; }

    /// <summary>Key of the metric that was optimised; the report marks it and opens with it.</summary>
    public required string ObjectiveKey { get; init; }

    /// <summary>Why this objective, or how it is composed when it is more than one metric; null for nothing to say.</summary>
    public string? ObjectiveNote { get; init; }

    /// <summary>What the low and high ends of measured values mean, for instance "95 % bootstrap interval over prompts".</summary>
    public string? IntervalMeaning { get; init; }

    /// <summary>Full precision, plans and baselines, each generated and scored.</summary>
    public required IReadOnlyList<EntryData> Entries { get; init; }

    /// <summary>Summed scores against size, per proposer that adds up scores.</summary>
    public IReadOnlyList<FrontData> Fronts { get; init; } = [];

    /// <summary>The random trials of the study.</summary>
    public IReadOnlyList<TrialData> Trials { get; init; } = [];

    /// <summary>The options of a weight, in score order.</summary>
    public required IReadOnlyList<OptionData> Options { get; init; }

    /// <summary>Every quantizable weight in the order of the network.</summary>
    public required IReadOnlyList<WeightData> Weights { get; init; }

    /// <summary>How scores are made, in a phrase, for instance "five folds of the GATv2 predictor"; null if there are none.</summary>
    public string? ScoreSource { get; init; }

    /// <summary>How well the predictors rank held-out trials; null before they are fitted.</summary>
    public PredictorData? Predictor { get; init; }

    /// <summary>Scores of every model at both levels, and what they rest on; null before there is an explanation.</summary>
    public SensitivityRecord? Explanation { get; init; }

    /// <summary>Pictures of the same prompts and seeds under several entries; null to leave them out.</summary>
    public ImageGridData? Images { get; init; }

    /// <summary>Further caveats, one sentence or two each, shown as they are.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];

    /// <summary>Writes the record as indented JSON, images as base64.</summary>
    public void Write(string path) => OwnJson.Write(path, this);

    /// <summary>Reads the form of <see cref="Write"/>.</summary>
    /// <exception cref="Q2Exception">The file is not such a record.</exception>
    public static ReportData Read(string path) => OwnJson.Read<ReportData>(path, "report");
}
