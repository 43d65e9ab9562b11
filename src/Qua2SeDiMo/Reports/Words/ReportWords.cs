using Qua2SeDiMo.Kernels.Codes;
using Qua2SeDiMo.Plans;

namespace Qua2SeDiMo.Reports.Words;

/// <summary>Sentences derived from the figures of a report only.</summary>
internal static class ReportWords
{
    /// <summary>A sentence on whether a plan is better or worse than the best baseline of its size or
    /// smaller.</summary>
    public static string Verdict(ComparisonData comparison)
    {
        ShownMetric metric = comparison.Metric;
        string figure = metric.TextWithUnit(comparison.Plan.Value(metric)!.Value);
        string own =
            $"{comparison.Plan.Label}: {metric.Label} {figure} at {FigureText.Fixed(comparison.Plan.AverageBits, 3)} AverageBits";
        if (comparison.Baseline is not { } baseline)
            return own + "; no baseline is as small.";
        string other = metric.TextWithUnit(baseline.Value(metric)!.Value);
        string against = $"{baseline.Label} ({FigureText.Fixed(baseline.AverageBits, 3)} bits, {other})";
        string difference = metric.TextWithUnit(Math.Abs(comparison.Advantage));
        string verdict = comparison.Advantage switch
        {
            > 0 => $", {difference} better than the best baseline of its size or smaller, {against}",
            < 0 => $", {difference} worse than a baseline of its size or smaller: {against} wins",
            _ => $", the same as the best baseline of its size or smaller, {against}",
        };
        return own
            + verdict
            + comparison.IsWithinIntervals switch
            {
                true => "; the two intervals overlap, so the order may be chance.",
                false => "; the two intervals do not overlap.",
                null => ".",
            };
    }

    /// <summary>A sentence per metric other than the objective: which plans are better than the baselines and which are
    /// not.</summary>
    public static IEnumerable<string> OtherMetrics(ReportData report)
    {
        PlanEntry[] plans = [.. report.Entries.Where(entry => entry.Kind == PlanKind.Plan)];
        foreach (ShownMetric metric in report.Metrics.Where(metric => !report.IsObjective(metric)))
        {
            ComparisonData[] comparisons =
            [
                .. plans
                    .Select(plan => ComparisonData.Of(report, plan, metric))
                    .OfType<ComparisonData>()
                    .Where(comparison => comparison.Baseline is not null),
            ];
            if (comparisons.Length == 0)
                continue;
            string[] ahead = [.. comparisons.Where(c => c.Advantage > 0).Select(c => c.Plan.ShortName())];
            string[] behind =
            [
                .. comparisons
                    .Where(c => c.Advantage < 0)
                    .Select(c => $"{c.Plan.ShortName()} (behind {c.Baseline!.ShortName()})"),
            ];
            string text =
                ahead.Length == comparisons.Length ? "every plan is ahead of the baselines of its size or smaller"
                : ahead.Length == 0 ? "no plan is ahead of the baselines of its size or smaller"
                : $"ahead of the baselines of their size or smaller: {FigureText.List(ahead)}; not ahead: {FigureText.List(behind)}";
            yield return $"{metric.Label}: {text}.";
        }
    }

    /// <summary>Sentences on the most sensitive weights, operator types and blocks, and on the option with the best
    /// scores.</summary>
    public static IEnumerable<string> Sensitivity(ReportData report)
    {
        ScoredWeight[] weights =
        [
            .. ScoredWeight
                .All(report)
                .Where(weight => weight.Spread is not null)
                .OrderByDescending(weight => weight.Spread),
        ];
        if (weights.Length < 3)
            yield break;
        ScoredWeight first = weights[0];
        double median = weights[weights.Length / 2].Spread!.Value;
        double doubt = first.Scores!.Max(score => score.Deviation);
        string lead =
            first.Spread - weights[1].Spread > doubt
                ? ""
                : $" Its lead over {weights[1].Name} ({FigureText.Fixed(weights[1].Spread, 2)}) is within the deviation over folds.";
        yield return $"{first.Name} ({(first.IsOutside ? "outside the blocks" : $"{first.Role}, {first.Block}")}) is the most "
            + "sensitive weight: its scores span "
            + $"{FigureText.Fixed(first.Spread, 2)} ± {FigureText.Fixed(doubt, 2)}"
            + (median > 0 ? $", {FigureText.Fixed(first.Spread / median, 1)} times the median weight." : ".")
            + lead;

        (string Key, double Mean, int Count)[] roles = MeanSpread(
            weights.Where(weight => !weight.IsOutside),
            weight => weight.Role
        );
        if (roles.Length >= 2)
        {
            yield return $"Inside the blocks, {roles[0].Key} reacts most to the choice of option (mean span "
                + $"{FigureText.Fixed(roles[0].Mean, 2)} over "
                + $"{roles[0].Count} weights), {roles[^1].Key} least ({FigureText.Fixed(roles[^1].Mean, 2)}).";
        }
        (string Key, double Mean, int Count)[] blocks = MeanSpread(
            weights.Where(weight => !weight.IsOutside),
            weight => weight.Block
        );
        if (blocks.Length >= 2)
        {
            yield return $"By block, {blocks[0].Key} is the most sensitive (mean span {FigureText.Fixed(blocks[0].Mean, 2)}), "
                + $"{blocks[^1].Key} the least ({FigureText.Fixed(blocks[^1].Mean, 2)}).";
        }
        (QuantizerSpec Option, int Count) best = QuantizerSpec
            .PaperOptions.Select(
                (option, i) =>
                    (option, weights.Count(weight => weight.Scores!.All(score => score.Mean <= weight.Scores![i].Mean)))
            )
            .MaxBy(pair => pair.Item2);
        string label = OptionWords.Of(best.Option).Label;
        yield return $"Regardless of size, {label} has the best score for {best.Count} of {weights.Length} weights.";
    }

    /// <summary>Sentences on how reliably metrics rank the trials at this number of images.</summary>
    public static IEnumerable<string> Reliability(ReportData report)
    {
        ShownMetric[] ranked =
        [
            .. report
                .Metrics.Where(metric => metric.Reliability is not null)
                .OrderByDescending(metric => metric.Reliability!.Value),
        ];
        if (ranked.Length < 2)
            yield break;
        string Text(ShownMetric metric) => $"{metric.Label} ({FigureText.Fixed(metric.Reliability!.Value, 2)})";
        yield return $"Ranked by one half of the prompts and again by the other, the trials agree best under {Text(ranked[0])} "
            + $"and least under {Text(ranked[^1])}.";
        ShownMetric? objective = ranked.FirstOrDefault(report.IsObjective);
        if (objective is null)
            yield break;
        int place = Array.IndexOf(ranked, objective) + 1;
        yield return place == 1
            ? $"The objective, {objective.Label}, is the most reliable of the {ranked.Length}."
            : $"The objective, {Text(objective)}, is number {place} of {ranked.Length}.";
    }

    private static (string Key, double Mean, int Count)[] MeanSpread(
        IEnumerable<ScoredWeight> weights,
        Func<ScoredWeight, string> key
    ) =>
        [
            .. weights
                .GroupBy(key)
                .Select(group => (group.Key, group.Average(weight => weight.Spread!.Value), group.Count()))
                .OrderByDescending(group => group.Item2),
        ];
}
