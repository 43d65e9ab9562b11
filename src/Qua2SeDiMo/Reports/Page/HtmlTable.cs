using System.Globalization;
using Qua2SeDiMo.Reports.Charts;

namespace Qua2SeDiMo.Reports.Page;

/// <summary>Draws <see cref="TableData"/> as an HTML table that is sorted by clicking a heading.</summary>
internal static class HtmlTable
{
    /// <param name="data">Columns and rows.</param>
    /// <param name="caption">Caption for screen readers.</param>
    /// <param name="cssClass">Additional CSS classes.</param>
    public static Markup Draw(TableData data, string caption, string cssClass = "") =>
        Markup.Of(
            $"""
            <div class="table-scroll" role="region" tabindex="0" aria-label="{caption}"><table class="data {cssClass}" data-sortable>
            <caption class="visually-hidden">{caption}</caption>
            <thead><tr>{Markup.Join(data.Columns.Select(Heading))}</tr></thead>
            <tbody>
            {Markup.Join(data.Rows.Select(row => Row(data.Columns, row)), "\n")}
            </tbody></table></div>
            """
        );

    private static Markup Heading(TableColumn column) =>
        Markup.Of(
            $"<th scope=\"col\" class=\"{(column.IsNumeric ? "number" : "")}\"{Attribute("title", column.Hint)}>{column.Name}</th>"
        );

    private static Markup Row(IReadOnlyList<TableColumn> columns, IReadOnlyList<TableCell> cells) =>
        Markup.Of($"<tr>{Markup.Join(cells.Select((cell, i) => Cell(columns[i], cell, i == 0)))}</tr>");

    private static Markup Cell(TableColumn column, TableCell cell, bool isHeading)
    {
        var tag = new Markup(isHeading ? "th scope=\"row\"" : "td");
        string value =
            cell.Value is { } number && double.IsFinite(number)
                ? number.ToString("R", CultureInfo.InvariantCulture)
                : "";
        string css = string.Join(
            ' ',
            new[] { column.IsNumeric ? "number" : "", cell.CssClass, cell.Shade is null ? "" : "shade" }.Where(part =>
                !string.IsNullOrEmpty(part)
            )
        );
        string? style = cell.Shade is { } shade ? $"--v:{Math.Clamp(shade, 0, 1):0.00}" : null;
        Markup attributes = Markup.Of(
            $"{Attribute("class", css)}{Attribute("data-value", value)}{Attribute("style", style)}"
        );
        Markup content = cell.Content ?? Markup.Of($"{cell.Text}");
        return Markup.Of($"<{tag}{attributes}>{content}</{new Markup(isHeading ? "th" : "td")}>");
    }

    private static Markup Attribute(string name, string? value) =>
        string.IsNullOrEmpty(value) ? Markup.Empty : Markup.Of($" {new Markup(name)}=\"{value}\"");
}
