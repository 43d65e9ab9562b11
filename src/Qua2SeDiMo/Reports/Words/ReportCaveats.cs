using Qua2SeDiMo.Plans;

namespace Qua2SeDiMo.Reports.Words;

/// <summary>Limits of a report's figures (method.md, section 8), and a glossary of its terms.</summary>
internal static class ReportCaveats
{
    public static IEnumerable<string> Sentences(ReportData report)
    {
        RunData run = report.Run;
        ShownMetric[] distributional = [.. report.Metrics.Where(metric => !metric.IsPaired)];
        PlanEntry? full = report.Entries.FirstOrDefault(entry => entry.Kind == PlanKind.FullPrecision);
        if (distributional.Length > 0)
        {
            yield return $"{FigureText.List([.. distributional.Select(metric => metric.Label)])} do not measure fidelity: they "
                + "compare with real images or with the "
                + "prompt, not with what the full-precision model draws, and a quantized model can score better than the original."
                + BetterThanFull(report, distributional, full)
                + " The paired metrics, image by image against full precision, are given for that reason.";
        }
        yield return $"{run.ImageCount} images per trial are few. Fréchet distances of small samples are biased upwards, by "
            + "tens of points even "
            + "at a thousand images, so such figures compare only with others of the same number of images: not with papers.";
        if (report.Entries.Any(entry => entry.Kind == PlanKind.BestRandom) && report.Trials.Count > 1)
        {
            yield return "The best random trial was picked by the very measurement that it is shown with, so its figure is "
                + "flattered by chance.";
        }
        if (report.Explanation is not null)
        {
            yield return "Scores are predictions learned from the trials, in standard deviations, not measurements of single "
                + "weights. They compare options of "
                + "one weight and weights with each other; they do not add up to an image quality.";
        }
        yield return $"What is sensitive in this model ({FigureText.ShortCount(run.ParameterCount)} parameters, "
            + $"{run.StepCount} steps, guidance "
            + $"{FigureText.Fixed(run.GuidanceScale, 1)}) need not be so in another model, or with other steps, prompts or resolution.";
        foreach (string note in report.Notes)
            yield return note;
    }

    public static IReadOnlyList<(string Term, string Meaning)> Glossary(ReportData report) =>
        [
            ("Bits", "Bits of one stored code: 3 or 4 here. A palette of 2^Bits values belongs to the codes."),
            (
                "AverageBits",
                "Bytes of the quantized weights, palettes and scales included, divided by their bytes at the original precision, times "
                    + $"{report.Run.OriginalBits}. Only quantizable weights count. This is the size axis of every figure."
            ),
            (
                "EffectiveBits",
                "All bytes of the packed file on disk, headers and unquantized tensors included, times 8, divided by all parameters."
            ),
            ("UAQ", "Uniform affine quantization: evenly spaced values per output channel."),
            (
                "K-Means C, K-Means A",
                "Freely placed palettes, the exact optimum of one-dimensional k-means: one palette per output "
                    + "channel (C) or one for the whole tensor (A)."
            ),
            .. report.Metrics.Select(metric =>
                (
                    metric.Label,
                    metric.Meaning
                        + (metric.HigherIsBetter ? " Higher is better." : " Lower is better.")
                        + (metric.IsPaired ? " Paired with full precision." : "")
                )
            ),
            ("SRCC", "Spearman rank correlation: 1 if two lists are in the same order, 0 if unrelated."),
            (
                "Partial SRCC",
                "The same with the influence of AverageBits removed: how well allocations of equal size are "
                    + "ranked. More bits are nearly always better, so "
                    + "this, not SRCC, shows what a predictor knows."
            ),
            ("NDCG", "Ranking quality between 0 and 1 that weighs the best trials most."),
            (
                "Score, span",
                "Predicted effect of an option on the objective, in standard deviations, larger is better; the "
                    + "span of a weight is its largest minus its smallest score."
            ),
            (
                "Split-half reliability",
                "Rank correlation over the trials between a metric computed from one half of the prompts and from the other."
            ),
        ];

    private static string BetterThanFull(ReportData report, ShownMetric[] metrics, PlanEntry? full)
    {
        if (full is null)
            return "";
        string[] cases =
        [
            .. metrics
                .Where(metric => full.Value(metric) is not null)
                .Select(metric =>
                    (
                        metric,
                        count: report.Entries.Count(entry =>
                            entry.Value(metric) is { } value
                            && metric.Advantage(value.Value, full.Value(metric)!.Value) > 0
                        )
                            + report.Trials.Count(trial =>
                                trial.Metrics.TryGetValue(metric.Key, out double value)
                                && metric.Advantage(value, full.Value(metric)!.Value) > 0
                            )
                    )
                )
                .Where(pair => pair.count > 0)
                .Select(pair => $"{pair.count} {(pair.count == 1 ? "time" : "times")} by {pair.metric.Label}"),
        ];
        int total = report.Trials.Count + report.Entries.Count(entry => entry.Kind != PlanKind.FullPrecision);
        return cases.Length == 0
            ? " Here that does not happen."
            : $" Among the {total} quantized allocations here that happens {FigureText.List(cases)}.";
    }
}
