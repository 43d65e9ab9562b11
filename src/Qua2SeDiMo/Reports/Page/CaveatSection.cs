using Qua2SeDiMo.Reports.Charts;
using Qua2SeDiMo.Reports.Words;

namespace Qua2SeDiMo.Reports.Page;

/// <summary>Section on the limits of the figures and the meaning of the terms.</summary>
internal static class CaveatSection
{
    public static Markup Draw(ReportData report) =>
        Markup.Of(
            $"""
            <ul class="caveats">{Markup.Join(
                ReportCaveats.Sentences(report).Select(sentence => Markup.Of($"<li>{sentence}</li>")),
                "\n"
            )}</ul>
            <h3>Terms</h3>
            <dl class="glossary">{Markup.Join(
                ReportCaveats.Glossary(report).Select(entry =>
                    Markup.Of($"<div><dt>{entry.Term}</dt><dd>{entry.Meaning}</dd></div>")
                ),
                "\n"
            )}</dl>
            """
        );
}
