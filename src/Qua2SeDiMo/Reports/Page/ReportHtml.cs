using System.Security.Cryptography;
using System.Text;
using Qua2SeDiMo.Reports.Charts;
using Qua2SeDiMo.Storage;

namespace Qua2SeDiMo.Reports.Page;

/// <summary>
/// Writes the report as one HTML file that contains drawings, images, styles and script. A content security policy
/// keeps the browser from making network requests.
/// </summary>
internal static class ReportHtml
{
    /// <summary>Writes <c>report.html</c>, and each drawing as an SVG file in <c>figures/</c>.</summary>
    /// <param name="report">Data of the report.</param>
    /// <param name="folder">Folder to write to; created if missing.</param>
    /// <returns>Full path of the page.</returns>
    public static string Write(ReportData report, string folder)
    {
        ArgumentNullException.ThrowIfNull(report);
        var book = new FigureBook();
        string page = Draw(report, book);
        foreach (SvgDocument drawing in book.Drawings)
        {
            AtomicFile.WriteText(Path.Combine(folder, "figures", drawing.Name + ".svg"), drawing.ToFile());
        }
        string path = Path.GetFullPath(Path.Combine(folder, "report.html"));
        AtomicFile.WriteText(path, page);
        return path;
    }

    /// <summary>The page as HTML text.</summary>
    public static string Draw(ReportData report)
    {
        ArgumentNullException.ThrowIfNull(report);
        return Draw(report, new FigureBook());
    }

    private static string Draw(ReportData report, FigureBook book)
    {
        (string Name, string Title, Markup Content)[] sections =
        [
            .. new (string Name, string Title, Markup Content)[]
            {
                ("results", "Results", ResultSection.Draw(report, book)),
                ("images", "Images", ImageSection.Draw(report)),
                ("measured", "Measured sensitivity", MeasuredSection.Draw(report, book)),
                ("sensitivity", "Sensitivity", SensitivitySection.Draw(report, book)),
                ("explanation", "Explanation", ExplanationSection.Draw(report, book)),
                ("layers", "Bits per layer", LayerSection.Draw(report, book)),
                ("predictor", "Predictor", PredictorSection.Draw(report, book)),
                ("metrics", "Metrics", MetricSection.Draw(report, book)),
                ("run", "What was run", RunSection.Draw(report)),
                ("caveats", "Caveats", CaveatSection.Draw(report)),
            }.Where(section => section.Content.Text.Length > 0),
        ];
        string script = ReportAsset.Script.Text;
        string hash = Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(script)));
        return Markup
            .Of(
                $"""
            <!DOCTYPE html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-{new Markup(hash)}'; base-uri 'none'; form-action 'none'">
            <meta name="color-scheme" content="light dark">
            <title>{report.Run.ModelName}: quantization report</title>
            <style>
            {ReportAsset.ChartStyle}
            {ReportAsset.PageStyle}
            </style>
            </head>
            <body>
            <a class="skip" href="#main">Skip to the results</a>
            {SummarySection.Draw(report)}
            <nav class="contents" aria-label="Sections"><ul>
            {Markup.Join(sections.Select(section => Markup.Of($"<li><a href=\"#{section.Name}\">{section.Title}</a></li>")), "\n")}
            </ul><button type="button" class="theme" hidden>Theme: auto</button></nav>
            <main id="main">
            {Markup.Join(sections.Select(section => Markup.Of(
                $"<section id=\"{section.Name}\" aria-labelledby=\"{section.Name}-title\"><h2 id=\"{section.Name}-title\">{section.Title}</h2>\n{section.Content}\n</section>")), "\n")}
            </main>
            <footer><p>Made by Qua²SeDiMo.NET, after “Qua²SeDiMo: Quantifiable Quantization Sensitivity of Diffusion Models” (AAAI 2025). This page is complete in itself and asks the network for nothing.</p></footer>
            <script>{new Markup(script)}</script>
            </body>
            </html>

            """
            )
            .Text;
    }
}
