using Qua2SeDiMo.Reports.Charts;

namespace Qua2SeDiMo.Reports.Page;

/// <summary>The figures of one report in the order in which they appear; gives each its number.</summary>
internal sealed class FigureBook
{
    private readonly List<SvgDocument> drawings = [];
    private int number;

    /// <summary>All drawings, to be written as files of their own.</summary>
    public IReadOnlyList<SvgDocument> Drawings => drawings;

    /// <summary>A figure with its caption and its numbers as a table.</summary>
    /// <param name="svg">The drawing.</param>
    /// <param name="caption">What to see in it.</param>
    /// <param name="numbers">The numbers behind it.</param>
    /// <param name="cssClass"><c>wide</c> for a drawing that scrolls on small screens.</param>
    public Markup Add(SvgDocument svg, string caption, TableData numbers, string cssClass = "")
    {
        drawings.Add(svg);
        number++;
        return Markup.Of(
            $"""
            <figure id="figure-{svg.Name}" class="{cssClass}">
            <div class="drawing" style="--natural:{svg.Width:0}px">{svg.ToInline()}</div>
            <figcaption><b>Figure {number}.</b> {caption}</figcaption>
            <details class="numbers"><summary>Numbers of figure {number}</summary>{HtmlTable.Draw(
                numbers,
                $"Numbers of figure {number}"
            )}</details>
            </figure>
            """
        );
    }
}
