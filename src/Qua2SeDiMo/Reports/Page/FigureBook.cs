using Qua2SeDiMo.Reports.Charts;

namespace Qua2SeDiMo.Reports.Page;

/// <summary>Collects the figures of a report in order of appearance and numbers them.</summary>
internal sealed class FigureBook
{
    private readonly List<SvgDocument> drawings = [];
    private int number;

    /// <summary>All drawings, to be written as separate files.</summary>
    public IReadOnlyList<SvgDocument> Drawings => drawings;

    /// <summary>Draws a figure with its number, caption and a table of its numbers.</summary>
    /// <param name="svg">The drawing.</param>
    /// <param name="caption">Text below the drawing.</param>
    /// <param name="numbers">The numbers behind it.</param>
    /// <param name="cssClass">CSS class; <c>wide</c> for a drawing that scrolls on small screens.</param>
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
