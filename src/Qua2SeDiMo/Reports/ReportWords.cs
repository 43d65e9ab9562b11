using Qua2SeDiMo.Plans;

namespace Qua2SeDiMo.Reports;

/// <summary>Sentences made from the figures of a report, and never saying more than they do.</summary>
internal static class ReportWords
{
    /// <summary>One sentence per plan on the objective: ahead of or behind the best baseline of its size or smaller.</summary>
    public static string Verdict(ComparisonData comparison)
    {
        MetricData metric = comparison.Metric;
        string own = $"{comparison.Plan.Label}: {metric.Label} {metric.TextWithUnit(comparison.Plan[metric]!.Value)} at "
            + $"{FigureText.Fixed(comparison.Plan.AverageBits, 3)} AverageBits";
        if (comparison.Baseline is not { } baseline) return own + "; no baseline is as small.";
        string against = $"{baseline.Label} ({FigureText.Fixed(baseline.AverageBits, 3)} bits, {metric.TextWithUnit(baseline[metric]!.Value)})";
        string difference = metric.TextWithUnit(Math.Abs(comparison.Advantage));
        string verdict = comparison.Advantage switch
        {
            > 0 => $", {difference} better than the best baseline of its size or smaller, {against}",
            < 0 => $", {difference} worse than a baseline of its size or smaller: {against} wins",
            _ => $", the same as the best baseline of its size or smaller, {against}",
        };
        return own + verdict + comparison.IsWithinIntervals switch
        {
            true => "; the two intervals overlap, so the order may be chance.",
            false => "; the two intervals do not overlap.",
            null => ".",
        };
    }

    /// <summary>For each metric, which plans win against the baselines and which lose.</summary>
    public static IEnumerable<string> OtherMetrics(ReportData report)
    {
        EntryData[] plans = [.. report.Entries.Where(entry => entry.Kind == PlanKind.Plan)];
        foreach (MetricData metric in report.Metrics.Where(metric => metric.Key != report.ObjectiveKey))
        {
            ComparisonData[] comparisons = [.. plans.Select(plan => ComparisonData.Of(report, plan, metric))
                .OfType<ComparisonData>().Where(comparison => comparison.Baseline is not null)];
            if (comparisons.Length == 0) continue;
            string[] ahead = [.. comparisons.Where(c => c.Advantage > 0).Select(c => c.Plan.Name)];
            string[] behind = [.. comparisons.Where(c => c.Advantage < 0).Select(c => $"{c.Plan.Name} (behind {c.Baseline!.Name})")];
            string text = ahead.Length == comparisons.Length ? "every plan is ahead of the baselines of its size or smaller"
                : ahead.Length == 0 ? "no plan is ahead of the baselines of its size or smaller"
                : $"ahead of the baselines of their size or smaller: {FigureText.List(ahead)}; not ahead: {FigureText.List(behind)}";
            yield return $"{metric.Label}: {text}.";
        }
    }

    /// <summary>Which weights, operator types and blocks react most, and which option scores best.</summary>
    public static IEnumerable<string> Sensitivity(ReportData report)
    {
        WeightData[] weights = [.. report.Weights.Where(weight => weight.Spread is not null).OrderByDescending(weight => weight.Spread)];
        if (weights.Length < 3) yield break;
        WeightData first = weights[0];
        double median = weights[weights.Length / 2].Spread!.Value;
        double doubt = first.Scores!.Max(score => score.Deviation);
        string lead = first.Spread - weights[1].Spread > doubt
            ? "" : $" Its lead over {weights[1].Name} ({FigureText.Fixed(weights[1].Spread, 2)}) is within the deviation over folds.";
        yield return $"{first.Name} ({(first.IsOutside ? "outside the blocks" : $"{first.Role}, {first.Block}")}) is the most sensitive weight: its scores span "
            + $"{FigureText.Fixed(first.Spread, 2)} ± {FigureText.Fixed(doubt, 2)}"
            + (median > 0 ? $", {FigureText.Fixed(first.Spread / median, 1)} times the median weight." : ".") + lead;

        (string Key, double Mean, int Count)[] roles = MeanSpread(weights.Where(weight => !weight.IsOutside), weight => weight.Role);
        if (roles.Length >= 2)
        {
            yield return $"Inside the blocks, {roles[0].Key} reacts most to the choice of option (mean span {FigureText.Fixed(roles[0].Mean, 2)} over "
                + $"{roles[0].Count} weights), {roles[^1].Key} least ({FigureText.Fixed(roles[^1].Mean, 2)}).";
        }
        (string Key, double Mean, int Count)[] blocks = MeanSpread(weights.Where(weight => !weight.IsOutside), weight => weight.Block);
        if (blocks.Length >= 2)
        {
            yield return $"By block, {blocks[0].Key} is the most sensitive (mean span {FigureText.Fixed(blocks[0].Mean, 2)}), "
                + $"{blocks[^1].Key} the least ({FigureText.Fixed(blocks[^1].Mean, 2)}).";
        }
        (OptionData Option, int Count) best = report.Options
            .Select((option, i) => (option, weights.Count(weight => weight.Scores!.All(score => score.Mean <= weight.Scores![i].Mean))))
            .MaxBy(pair => pair.Item2);
        yield return $"Regardless of size, {best.Option.Label} has the best score for {best.Count} of {weights.Length} weights.";
    }

    /// <summary>Which method decides, and what the held-out figures say about that.</summary>
    public static string Deciding(PredictorData predictor)
    {
        PredictorMethodData? deciding = predictor.Methods.FirstOrDefault(method => method.Key == predictor.DecidingKey);
        if (deciding is null) return predictor.Reason ?? "";
        if (predictor.Reason is { } reason) return $"{deciding.Label} decides the plans: {reason}";
        PredictorMethodData[] ranked = [.. predictor.Methods.Where(method => method.PartialSrcc is not null)
            .OrderByDescending(method => method.PartialSrcc)];
        if (ranked.Length < 2 || deciding.PartialSrcc is null) return $"{deciding.Label} decides the plans.";
        string own = $"partial rank correlation {FigureText.Fixed(deciding.PartialSrcc, 2)}";
        if (ranked[0] == deciding)
        {
            return $"{deciding.Label} decides the plans: at equal size it ranks held-out trials best ({own}; next is "
                + $"{ranked[1].Label} with {FigureText.Fixed(ranked[1].PartialSrcc, 2)}).";
        }
        return $"{deciding.Label} decides the plans ({own}), although {ranked[0].Label} ranks held-out trials of equal size better "
            + $"({FigureText.Fixed(ranked[0].PartialSrcc, 2)}).";
    }

    /// <summary>Which metrics can be trusted to rank trials at this number of images.</summary>
    public static IEnumerable<string> Reliability(ReportData report)
    {
        MetricData[] ranked = [.. report.Metrics.Where(metric => metric.Reliability is not null)
            .OrderByDescending(metric => metric.Reliability!.Value)];
        if (ranked.Length < 2) yield break;
        string Text(MetricData metric) => $"{metric.Label} ({FigureText.Fixed(metric.Reliability!.Value, 2)})";
        yield return $"Ranked by one half of the prompts and again by the other, the trials agree best under {Text(ranked[0])} and least under {Text(ranked[^1])}.";
        MetricData? objective = ranked.FirstOrDefault(metric => metric.Key == report.ObjectiveKey);
        if (objective is null) yield break;
        int place = Array.IndexOf(ranked, objective) + 1;
        yield return place == 1
            ? $"The objective, {objective.Label}, is the most reliable of the {ranked.Length}."
            : $"The objective, {Text(objective)}, is number {place} of {ranked.Length}.";
    }

    private static (string Key, double Mean, int Count)[] MeanSpread(IEnumerable<WeightData> weights, Func<WeightData, string> key) =>
        [.. weights.GroupBy(key).Select(group => (group.Key, group.Average(weight => weight.Spread!.Value), group.Count()))
            .OrderByDescending(group => group.Item2)];
}
