using Qua2SeDiMo.Plans;
using Qua2SeDiMo.Studies.Objectives;

namespace Qua2SeDiMo.Reports;

/// <summary>A metric of image quality as a report shows it.</summary>
/// <param name="Metric">The metric.</param>
/// <param name="IsFresh">Whether it was measured on prompts and seeds that no trial used.</param>
/// <param name="Reliability">
/// Rank correlation over the trials between two disjoint halves of the prompts; null if not measured.
/// </param>
internal sealed record ShownMetric(StudyMetric Metric, bool IsFresh = false, Measured? Reliability = null)
{
    /// <summary>Key in the dictionaries of entries and trials.</summary>
    public string Key => IsFresh ? Metric.Name + PlanEntry.FreshSuffix : Metric.Name;

    /// <summary>Name in tables and charts.</summary>
    public string Label => IsFresh ? Metric.Label + ", fresh prompts" : Metric.Label;

    /// <summary>One sentence for the glossary.</summary>
    public string Meaning =>
        IsFresh
            ? "The same, on prompts and seeds that no trial used: the choice of a plan cannot have profited from chance there."
            : Metric.Meaning;

    /// <summary>Whether each image is compared with the full-precision image of the same prompt and seed.</summary>
    public bool IsPaired => Metric.IsPaired;

    /// <summary>Which way is better.</summary>
    public bool HigherIsBetter => Metric.Direction == StudyDirection.Maximize;

    /// <summary>Decimals that are worth showing.</summary>
    public int Decimals => Metric.Decimals;

    /// <summary>Unit, or empty.</summary>
    public string Unit => Metric.Unit;

    /// <summary>Label with the unit, if it has one.</summary>
    public string LabelWithUnit => Unit.Length == 0 ? Label : $"{Label} ({Unit})";

    /// <summary>The metrics that the entries of a report have, all of them where there are no entries; fresh ones
    /// last.</summary>
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

    /// <summary>A value with the decimals of this metric.</summary>
    public string Text(double? value) => FigureText.Fixed(value, Decimals);

    /// <summary>A value with decimals and unit of this metric.</summary>
    public string TextWithUnit(double value) => Text(value) + (Unit.Length == 0 ? "" : "\u00A0" + Unit);

    /// <summary>Positive if <paramref name="left"/> is the better value.</summary>
    public double Advantage(double left, double right) => HigherIsBetter ? left - right : right - left;

    private static Measured? ReliabilityOf(ReportData report, StudyMetric metric) =>
        report.Reliabilities.FirstOrDefault(row => row.Metric == metric.Name) is { } found
            ? new Measured(found.Reliability, found.Reliability - found.Spread, found.Reliability + found.Spread)
            : null;
}
