namespace Qua2SeDiMo.Reports.Charts;

/// <summary>The numbers behind a figure, as they are shown in a table.</summary>
internal sealed record TableData(IReadOnlyList<TableColumn> Columns, IReadOnlyList<IReadOnlyList<TableCell>> Rows);

/// <summary>One column; numeric ones are right-aligned and sort by value.</summary>
/// <param name="Name">Heading.</param>
/// <param name="IsNumeric">Whether its cells carry a value.</param>
/// <param name="Hint">Shown on hover, or null.</param>
internal sealed record TableColumn(string Name, bool IsNumeric = false, string? Hint = null);

/// <summary>One cell.</summary>
/// <param name="Text">Shown text.</param>
/// <param name="Value">Sort key of a numeric cell; null sorts last.</param>
/// <param name="CssClass">Extra class, or null.</param>
/// <param name="Content">Shown instead of the text, or null.</param>
/// <param name="Shade">Background strength in 0 … 1, or null.</param>
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
