using Qua2SeDiMo.Graphs.Operations;
using Qua2SeDiMo.Json;
using Qua2SeDiMo.Measurement;
using Qua2SeDiMo.Plans;
using Qua2SeDiMo.Predictors;
using Qua2SeDiMo.Predictors.Evaluation;
using Qua2SeDiMo.Sensitivity;
using Qua2SeDiMo.Studies.Objectives;

namespace Qua2SeDiMo.Reports;

/// <summary>
/// Everything that a report shows: the records of the stages as they are, and what they rest on. The report only
/// orders, compares and draws it. Sections whose record is null or empty are left out, so a report can be written after
/// any stage.
/// </summary>
internal sealed record ReportData
{
    /// <summary>What low and high ends of measured values are.</summary>
    internal const string IntervalMeaning = "95 % bootstrap interval over prompts";

    /// <summary>What was run, on what, for how long.</summary>
    public required RunData Run { get; init; }

    /// <summary>What is optimised, in the form of <see cref="Studies.Objectives.Objective"/>.</summary>
    public required string Objective { get; init; }

    /// <summary>How reliably each metric ranks the trials; empty where that was not measured.</summary>
    public IReadOnlyList<ObjectiveReliability> Reliabilities { get; init; } = [];

    /// <summary>The labelled trials of the study.</summary>
    public IReadOnlyList<TrialData> Trials { get; init; } = [];

    /// <summary>Every quantizable weight in the order of the network.</summary>
    public required IReadOnlyList<WeightPosition> Weights { get; init; }

    /// <summary>How well the predictors rank held-out trials; null before they are fitted.</summary>
    public Fit? Fit { get; init; }

    /// <summary>Scores of every model at both levels, and what they rest on; null before there is an
    /// explanation.</summary>
    public SensitivityRecord? Explanation { get; init; }

    /// <summary>Sensitivity as it was measured; null where it was not.</summary>
    public MeasuredSensitivity? Measured { get; init; }

    /// <summary>Full precision, plans and baselines, each generated and scored; null before there is a plan.</summary>
    public Plan? Plan { get; init; }

    /// <summary>
    /// Key of an entry of the plan to the EffectiveBits of its packed file, all bytes on disk ÷ all parameters × 8;
    /// only of what was packed.
    /// </summary>
    public IReadOnlyDictionary<string, double> EffectiveBits { get; init; } = new Dictionary<string, double>();

    /// <summary>Pictures of the same prompts and seeds under several entries; null to leave them out.</summary>
    public ImageGridData? Images { get; init; }

    /// <summary>Further caveats, one sentence or two each, shown as they are.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];

    /// <summary>Rows of the result table.</summary>
    internal IReadOnlyList<PlanEntry> Entries => Plan?.Entries ?? [];

    /// <summary>Metric of the objective.</summary>
    internal StudyMetric ObjectiveMetric => Studies.Objectives.Objective.Parse(Objective).Metric;

    /// <summary>Metrics that are shown.</summary>
    internal IReadOnlyList<ShownMetric> Metrics => ShownMetric.All(this);

    /// <summary>The objective among the metrics that are shown.</summary>
    internal ShownMetric? ShownObjective => Metrics.FirstOrDefault(IsObjective);

    /// <summary>Family of the scores that plans are made by; null before there are scores.</summary>
    internal string? DecidingFamily => Plan?.Predictor ?? Explanation?.Decides;

    /// <summary>The model of the fit whose scores plans are made by.</summary>
    internal string DecidingModel =>
        (Plan?.Predictor ?? Fit?.Result.Choice.Model) switch
        {
            ModelNames.Network => ModelNames.Network,
            ModelNames.Ensemble when Fit?.Result.Find(ModelNames.Ensemble) is not null => ModelNames.Ensemble,
            // Ridge regression proposes with coefficients around trends of size and error.
            _ => ModelNames.RidgeTrends,
        };

    /// <summary>Whether a metric is the objective's, over the prompts of the study.</summary>
    internal bool IsObjective(ShownMetric metric) => !metric.IsFresh && metric.Metric == ObjectiveMetric;

    /// <summary>Writes the record as indented JSON, images as base64.</summary>
    public void Write(string path) => OwnJson.Write(path, this);

    /// <summary>Reads the form of <see cref="Write"/>.</summary>
    /// <exception cref="Q2Exception">The file is not such a record.</exception>
    public static ReportData Read(string path)
    {
        ReportData report = OwnJson.Read<ReportData>(path, Remedy.Report);
        try
        {
            _ = report.ObjectiveMetric;
        }
        catch (Exception error) when (error is FormatException or UnknownObjectiveException)
        {
            throw new DamagedFileException(path, error.Message, Remedy.Report, error);
        }
        return report;
    }
}
