using Qua2SeDiMo.Reports.Charts;
using Qua2SeDiMo.Reports.Words;

namespace Qua2SeDiMo.Reports.Page;

/// <summary>Section with the split-half reliability of each metric.</summary>
internal static class MetricSection
{
    public static Markup Draw(ReportData report, FigureBook book)
    {
        var data = BarChartData.Reliability(report);
        if (data.Bars.Count == 0)
            return Markup.Empty;
        return Markup.Of(
            $"""
            <div class="pair"><div><ul class="findings">{Markup.Join(
                ReportWords.Reliability(report).Select(sentence => Markup.Of($"<li>{sentence}</li>"))
            )}</ul>
            {(
                Studies.Objectives.Objective.Parse(report.Objective).SizeWeight > 0
                    ? Markup.Of($"<p>The predictor was trained on {report.Objective}.</p>")
                    : Markup.Empty
            )}
            <p>With {report.Run.ImageCount} images per trial, each half has {report.Run.ImageCount
                / 2}. A metric whose two halves disagree ranks trials by chance, however good its name.</p></div>
            {book.Add(
                SvgBarChart.Draw("reliability", "Split-half reliability of the metrics", data),
                "Split-half rank reliability over the trials; the strong bar is the objective.",
                data.ToTable()
            )}
            </div>
            """
        );
    }
}
