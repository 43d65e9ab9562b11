using Qua2SeDiMo.Kernels.Codes;
using Qua2SeDiMo.Reports.Words;

namespace Qua2SeDiMo.Reports.Charts;

/// <summary>Style of one series: hue by method, lightness and hatching by bits, so that nothing is distinguished by hue
/// alone.</summary>
/// <param name="Label">Name in the legend.</param>
/// <param name="CssClass">Class of <c>chart.css</c> with the fill.</param>
/// <param name="IsHatched">Whether it is also hatched.</param>
internal sealed record ChartSeries(string Label, string CssClass, bool IsHatched)
{
    /// <summary>Style of weights that keep their original precision.</summary>
    public static ChartSeries FullPrecision { get; } = new("full precision", "o-full", false);

    /// <summary>Styles of the paper's options, in their order.</summary>
    public static IReadOnlyList<ChartSeries> OfPaper { get; } =
        Of([.. QuantizerSpec.PaperOptions.Select(OptionWords.Of)]);

    /// <summary>Styles of options, in their order.</summary>
    public static IReadOnlyList<ChartSeries> Of(IReadOnlyList<OptionWords> options)
    {
        string[] methods = [.. options.Select(option => option.Method).Distinct()];
        return [.. options.Select(Series)];

        ChartSeries Series(OptionWords option)
        {
            int hue = Array.IndexOf(methods, option.Method) % 3;
            return new ChartSeries(option.Label, $"o{hue}-{(option.IsSmall ? 3 : 4)}", option.IsSmall);
        }
    }

    /// <summary>Draws a filled and possibly hatched rectangle.</summary>
    public void Fill(SvgDocument svg, double x, double y, double width, double height, string? tip = null)
    {
        svg.Rect(x, y, width, height, CssClass, tip);
        if (IsHatched)
        {
            svg.Add(
                $"<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" fill=\"url(#{svg.Name}-hatch)\" pointer-events=\"none\"/>"
            );
        }
    }

    /// <summary>Draws a legend in rows no wider than <paramref name="width"/>.</summary>
    /// <returns>Height of the legend.</returns>
    public static double Legend(SvgDocument svg, IReadOnlyList<ChartSeries> series, double x, double y, double width)
    {
        double left = x;
        double top = y;
        foreach (ChartSeries one in series)
        {
            double needed = 16 + SvgDocument.TextWidth(one.Label, 11) + 14;
            if (left > x && left + needed > x + width)
                (left, top) = (x, top + 17);
            one.Fill(svg, left, top, 11, 11);
            svg.Text(left + 16, top + 9.5, one.Label, "small");
            left += needed;
        }
        return top + 17 - y;
    }

    /// <summary>Height that <see cref="Legend"/> needs.</summary>
    public static double LegendHeight(IReadOnlyList<ChartSeries> series, double width) =>
        Legend(new SvgDocument("measure", 1, 1, "", ""), series, 0, 0, width);
}
