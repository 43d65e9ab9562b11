using System.Globalization;
using Qua2SeDiMo.Plans;
using Qua2SeDiMo.Reports.Charts;
using Qua2SeDiMo.Reports.Words;

namespace Qua2SeDiMo.Reports.Page;

/// <summary>Head of the page: one sentence on the run, and a card for each plan.</summary>
internal static class SummarySection
{
    public static Markup Draw(ReportData report)
    {
        RunData run = report.Run;
        string trials =
            report.Trials.Count > 0
                ? $" {report.Trials.Count} random allocations were tried, {run.ImageCount} images each at {run.StepCount} steps."
                : "";
        string lede =
            $"{FigureText.Count(report.Weights.Count)} weights of a {run.ModelClass} with "
            + $"{FigureText.ShortCount(run.ParameterCount)} parameters, "
            + $"{FigureText.Bytes(run.QuantizableBytes)} at {run.OriginalBits} bits, were quantized to 3 and 4 bits "
            + $"weight by weight.{trials}";
        ShownMetric? objective = report.ShownObjective;
        PlanEntry[] plans =
        [
            .. report.Entries.Where(entry => entry.Kind == PlanKind.Plan).OrderBy(entry => entry.AverageBits),
        ];
        string date = run.CreatedAt is { } made
            ? made.UtcDateTime.ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture) + " UTC"
            : "";
        return Markup.Of(
            $"""
            <header class="head">
            <p class="kicker"><span>Quantization report</span><span>{date}</span></p>
            <h1>{run.ModelName}</h1>
            <p class="lede">{lede}</p>
            {(
                objective is null || plans.Length == 0
                    ? Markup.Empty
                    : Markup.Of(
                        $"<ul class=\"cards\">{Markup.Join(plans.Select(plan => Card(report, plan, objective)), "\n")}</ul>"
                    )
            )}
            </header>
            """
        );
    }

    private static Markup Card(ReportData report, PlanEntry plan, ShownMetric objective)
    {
        ComparisonData? comparison = ComparisonData.Of(report, plan, objective);
        string share = FigureText.Percent((double)plan.SizeBytes / report.Run.QuantizableBytes);
        Markup verdict = comparison switch
        {
            null => Markup.Of($"<p class=\"card-verdict\">not measured by {objective.Label}</p>"),
            { Baseline: null } => Markup.Of($"<p class=\"card-verdict\">no baseline is as small</p>"),
            { Advantage: > 0 } => Markup.Of(
                $"<p class=\"card-verdict ahead\">▲ {objective.TextWithUnit(comparison.Advantage)} better than "
                    + $"{comparison.Baseline.ShortName()}, the best baseline no larger</p>"
            ),
            { Advantage: < 0 } => Markup.Of(
                $"<p class=\"card-verdict behind\">▼ {objective.TextWithUnit(-comparison.Advantage)} worse than "
                    + $"{comparison.Baseline.ShortName()}, a baseline no larger</p>"
            ),
            _ => Markup.Of(
                $"<p class=\"card-verdict\">equal to {comparison.Baseline.ShortName()}, the best baseline no larger</p>"
            ),
        };
        return Markup.Of(
            $"""
            <li class="card"><p class="card-name">{plan.Label}</p>
            <p class="card-figure">{objective.Text(plan.Value(objective)?.Value)} <small>{(
                objective.Unit.Length > 0 ? objective.Unit + " " : ""
            ) + objective.Label}</small></p>
            <p class="card-size">{FigureText.Fixed(plan.AverageBits, 3)} AverageBits · {FigureText.Bytes(
                plan.SizeBytes
            )} · {share} of fp{FigureText.Count(report.Run.OriginalBits)}</p>
            {verdict}</li>
            """
        );
    }
}
