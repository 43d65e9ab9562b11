namespace Qua2SeDiMo.Reports.Charts;

/// <summary>A table for the page, for instance the numbers behind a figure.</summary>
internal sealed record TableData(IReadOnlyList<TableColumn> Columns, IReadOnlyList<IReadOnlyList<TableCell>> Rows);

/// <summary>One column; numeric columns are right-aligned and sort by value.</summary>
/// <param name="Name">Heading.</param>
/// <param name="IsNumeric">Whether its cells have a numeric value.</param>
/// <param name="Hint">Text shown on hover; null for none.</param>
internal sealed record TableColumn(string Name, bool IsNumeric = false, string? Hint = null);

/// <summary>One cell.</summary>
/// <param name="Text">Displayed text.</param>
/// <param name="Value">Sort key of a numeric cell; null sorts last.</param>
/// <param name="CssClass">Additional CSS class; null for none.</param>
/// <param name="Content">Markup displayed instead of the text; null for none.</param>
/// <param name="Shade">Strength of the background, 0 … 1; null for none.</param>
internal sealed record TableCell(
    string Text,
    double? Value = null,
    string? CssClass = null,
    Markup? Content = null,
    double? Shade = null
)
{
    public static TableCell Number(double? value, int decimals) => new(FigureText.Fixed(value, decimals), value);

    public static implicit operator TableCell(string text) => new(text);
}
