using Qua2SeDiMo.Images;

namespace Qua2SeDiMo.Reports;

/// <summary>Prompts × entries.</summary>
/// <param name="Columns">One per entry.</param>
/// <param name="Rows">One per prompt and seed.</param>
/// <param name="Width">Pixels of one embedded image.</param>
/// <param name="Height">Pixels of one embedded image.</param>
internal sealed record ImageGridData(
    IReadOnlyList<ImageColumnData> Columns,
    IReadOnlyList<ImageRowData> Rows,
    int Width,
    int Height
);

/// <summary>A column of pictures.</summary>
/// <param name="Label">For instance "Full precision".</param>
/// <param name="Detail">For instance "3.75 bits", or empty.</param>
internal sealed record ImageColumnData(string Label, string Detail = "");

/// <summary>The pictures of one prompt and seed.</summary>
/// <param name="Prompt">The prompt.</param>
/// <param name="Seed">The seed of the starting noise.</param>
/// <param name="Cells">One per column.</param>
internal sealed record ImageRowData(string Prompt, ulong Seed, IReadOnlyList<ImageCellData> Cells);

/// <summary>One picture.</summary>
/// <param name="Png">PNG bytes, see <see cref="PngFile"/>.</param>
/// <param name="PsnrDecibels">Against the full-precision picture of the row; null for that picture itself.</param>
internal sealed record ImageCellData(byte[] Png, double? PsnrDecibels = null);
