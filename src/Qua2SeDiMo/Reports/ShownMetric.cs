using Qua2SeDiMo.Plans;
using Qua2SeDiMo.Studies.Objectives;

namespace Qua2SeDiMo.Reports;

/// <summary>A metric of image quality as displayed in a report.</summary>
/// <param name="Metric">The metric.</param>
/// <param name="IsFresh">Whether it was measured on fresh prompts and seeds, which no trial used.</param>
/// <param name="Reliability">
/// Split-half reliability, with low and high ends one standard deviation over splits apart from it; null if not
/// computed.
/// </param>
internal sealed record ShownMetric(StudyMetric Metric, bool IsFresh = false, Measured? Reliability = null)
{
    /// <summary>Key in the metrics of plan entries and trials.</summary>
    public string Key => IsFresh ? Metric.Name + PlanEntry.FreshSuffix : Metric.Name;

    /// <summary>Name in tables and charts.</summary>
    public string Label => IsFresh ? Metric.Label + ", fresh prompts" : Metric.Label;

    /// <summary>Explanation for the glossary.</summary>
    public string Meaning =>
        IsFresh
            ? "The same, on prompts and seeds that no trial used: the choice of a plan cannot have profited from chance there."
            : Metric.Meaning;

    /// <summary>Whether each image is compared with the full-precision image of the same prompt and seed.</summary>
    public bool IsPaired => Metric.IsPaired;

    /// <summary>Whether larger values are better.</summary>
    public bool HigherIsBetter => Metric.Direction == StudyDirection.Maximize;

    /// <summary>Number of decimals to show.</summary>
    public int Decimals => Metric.Decimals;

    /// <summary>Unit; empty for none.</summary>
    public string Unit => Metric.Unit;

    /// <summary>Label with the unit in parentheses, if there is one.</summary>
    public string LabelWithUnit => Unit.Length == 0 ? Label : $"{Label} ({Unit})";

    /// <summary>The quality metrics that plan entries have, or all of them without a plan; the objective on fresh
    /// prompts comes last.</summary>
    public static IReadOnlyList<ShownMetric> All(ReportData report)
    {
        bool IsMeasured(string key) => report.Entries.Any(entry => entry.Metrics.ContainsKey(key));
        var shown = StudyMetric
            .Quality.Where(metric => report.Plan is null || IsMeasured(metric.Name))
            .Select(metric => new ShownMetric(metric, Reliability: ReliabilityOf(report, metric)))
            .ToList();
        StudyMetric objective = report.ObjectiveMetric;
        bool isShown = shown.Exists(metric => metric.Metric == objective);
        if (isShown && IsMeasured(objective.Name + PlanEntry.FreshSuffix))
            shown.Add(new ShownMetric(objective, IsFresh: true));
        return shown;
    }

    /// <summary>Formats a value with the decimals of this metric.</summary>
    public string Text(double? value) => FigureText.Fixed(value, Decimals);

    /// <summary>Formats a value with the decimals and unit of this metric.</summary>
    public string TextWithUnit(double value) => Text(value) + (Unit.Length == 0 ? "" : "\u00A0" + Unit);

    /// <summary>Difference in units of the metric, positive if <paramref name="left"/> is better.</summary>
    public double Advantage(double left, double right) => HigherIsBetter ? left - right : right - left;

    private static Measured? ReliabilityOf(ReportData report, StudyMetric metric) =>
        report.Reliabilities.FirstOrDefault(row => row.Metric == metric.Name) is { } found
            ? new Measured(found.Reliability, found.Reliability - found.Spread, found.Reliability + found.Spread)
            : null;
}
