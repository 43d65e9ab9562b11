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
/// All data of a report: the records of the stages, unchanged. The report only orders, compares and draws them. A
/// section whose record is null or empty is left out, so that a report can be written after any stage.
/// </summary>
internal sealed record ReportData
{
    /// <summary>Meaning of the low and high ends of measured values.</summary>
    internal const string IntervalMeaning = "95 % bootstrap interval over prompts";

    /// <summary>Model, settings, machine and times of the run.</summary>
    public required RunData Run { get; init; }

    /// <summary>The objective, in the form of <see cref="Studies.Objectives.Objective"/>.</summary>
    public required string Objective { get; init; }

    /// <summary>Split-half reliability of each metric; empty if it was not computed.</summary>
    public IReadOnlyList<ObjectiveReliability> Reliabilities { get; init; } = [];

    /// <summary>The labelled trials of the study.</summary>
    public IReadOnlyList<TrialData> Trials { get; init; } = [];

    /// <summary>Every quantizable weight, in network order.</summary>
    public required IReadOnlyList<WeightPosition> Weights { get; init; }

    /// <summary>Predictors and baselines with their held-out scores; null if nothing was fitted.</summary>
    public Fit? Fit { get; init; }

    /// <summary>Scores of every model at op and block level, with their support; null if there is no
    /// explanation.</summary>
    public SensitivityRecord? Explanation { get; init; }

    /// <summary>Measured sensitivity; null if it was not measured.</summary>
    public MeasuredSensitivity? Measured { get; init; }

    /// <summary>Full precision, plans and baselines with their measured metrics; null if there is no plan.</summary>
    public Plan? Plan { get; init; }

    /// <summary>
    /// EffectiveBits of packed entries by their key in the plan: all bytes of the packed denoiser on disk × 8 / all its
    /// parameters. Empty if nothing was packed.
    /// </summary>
    public IReadOnlyDictionary<string, double> EffectiveBits { get; init; } = new Dictionary<string, double>();

    /// <summary>Images of the same prompts and seeds under several plan entries; null to leave them out.</summary>
    public ImageGridData? Images { get; init; }

    /// <summary>Further caveats, displayed unchanged.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];

    /// <summary>Rows of the result table.</summary>
    internal IReadOnlyList<PlanEntry> Entries => Plan?.Entries ?? [];

    /// <summary>Metric of the objective.</summary>
    internal StudyMetric ObjectiveMetric => Studies.Objectives.Objective.Parse(Objective).Metric;

    /// <summary>Metrics that are displayed.</summary>
    internal IReadOnlyList<ShownMetric> Metrics => ShownMetric.All(this);

    /// <summary>The objective's metric among those displayed; null if it is not displayed.</summary>
    internal ShownMetric? ShownObjective => Metrics.FirstOrDefault(IsObjective);

    /// <summary>Name of the model whose scores make the plans; null if there are no scores.</summary>
    internal string? DecidingFamily => Plan?.Predictor ?? Explanation?.Decides;

    /// <summary>Name, in the fit's table, of the model whose scores make the plans.</summary>
    internal string DecidingModel =>
        (Plan?.Predictor ?? Fit?.Result.Choice.Model) switch
        {
            ModelNames.Network => ModelNames.Network,
            ModelNames.Ensemble when Fit?.Result.Find(ModelNames.Ensemble) is not null => ModelNames.Ensemble,
            // Plans by ridge regression use the variant with trends of size and error.
            _ => ModelNames.RidgeTrends,
        };

    /// <summary>Whether a displayed metric is the objective's, on the prompts of the study.</summary>
    internal bool IsObjective(ShownMetric metric) => !metric.IsFresh && metric.Metric == ObjectiveMetric;

    /// <summary>Writes the data as indented JSON, with images in base64.</summary>
    public void Write(string path) => OwnJson.Write(path, this);
}
