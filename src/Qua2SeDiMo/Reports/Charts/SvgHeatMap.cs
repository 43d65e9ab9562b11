namespace Qua2SeDiMo.Reports.Charts;

/// <summary>Draws <see cref="HeatMapData"/>; each cell shows its value as colour and number.</summary>
internal static class SvgHeatMap
{
    private const double CellHeight = 24;

    public static SvgDocument Draw(string name, string title, HeatMapData data, string? description = null)
    {
        double left = 14 + data.Rows.Select(row => SvgDocument.TextWidth(row)).DefaultIfEmpty(40).Max();
        double cellWidth = Math.Clamp(720 / Math.Max(1, data.Columns.Count), 34, 72);
        double slope = data.Columns.Select(column => SvgDocument.TextWidth(column, 11.5)).DefaultIfEmpty(40).Max();
        double top = 22 + (slope * 0.5);
        double width = left + (cellWidth * data.Columns.Count) + Math.Max(8, (slope * 0.866) - (cellWidth / 2) + 8);
        var svg = new SvgDocument(
            name,
            width,
            top + (CellHeight * data.Rows.Count) + 8,
            title,
            description
                ?? "Heat table: rows are blocks, columns operator types, the figure is the mean range of the option "
                    + "scores; darker is more sensitive."
        );
        double max = data.Values.SelectMany(row => row).Max() ?? 1;
        for (int column = 0; column < data.Columns.Count; column++)
        {
            svg.RotatedText(left + (cellWidth * (column + 0.5)), top - 6, -30, data.Columns[column], "");
        }
        for (int row = 0; row < data.Rows.Count; row++)
        {
            double y = top + (CellHeight * row);
            svg.Text(left - 8, y + 16, data.Rows[row], "end");
            for (int column = 0; column < data.Columns.Count; column++)
            {
                double x = left + (cellWidth * column);
                if (data.Values[row][column] is not { } value)
                {
                    svg.Rect(x + 1, y + 1, cellWidth - 2, CellHeight - 2, "empty");
                    continue;
                }
                double strength = max > 0 ? 0.06 + (0.94 * Math.Max(0, value) / max) : 0;
                svg.Add(
                    $"<rect x=\"{x + 1}\" y=\"{y + 1}\" width=\"{cellWidth - 2}\" height=\"{CellHeight - 2}\" "
                        + $"class=\"heat\" fill-opacity=\"{strength}\"><title>{data.Rows[row]}, {data.Columns[column]}: "
                        + $"{FigureText.Fixed(value, 3)}</title></rect>"
                );
                svg.Text(
                    x + (cellWidth / 2),
                    y + 16,
                    FigureText.Fixed(value, 2),
                    strength > 0.6 ? "middle small inverse" : "middle small"
                );
            }
        }
        return svg;
    }
}
