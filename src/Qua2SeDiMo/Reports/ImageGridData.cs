using Qua2SeDiMo.Images;

namespace Qua2SeDiMo.Reports;

/// <summary>Grid of images: one row per prompt and seed, one column per plan entry.</summary>
/// <param name="Columns">The columns.</param>
/// <param name="Rows">The rows.</param>
/// <param name="Width">Width of an embedded image in pixels.</param>
/// <param name="Height">Height of an embedded image in pixels.</param>
internal sealed record ImageGridData(
    IReadOnlyList<ImageColumnData> Columns,
    IReadOnlyList<ImageRowData> Rows,
    int Width,
    int Height
);

/// <summary>A column of the grid.</summary>
/// <param name="Label">Name of the plan entry, for instance "Full precision".</param>
/// <param name="Detail">Additional text, for instance "3.75 bits"; may be empty.</param>
internal sealed record ImageColumnData(string Label, string Detail = "");

/// <summary>A row of the grid: the images of one prompt and seed.</summary>
/// <param name="Prompt">The prompt.</param>
/// <param name="Seed">Seed of the starting noise.</param>
/// <param name="Cells">The images, one per column.</param>
internal sealed record ImageRowData(string Prompt, ulong Seed, IReadOnlyList<ImageCellData> Cells);

/// <summary>One image of the grid.</summary>
/// <param name="Png">PNG bytes, see <see cref="PngFile"/>.</param>
/// <param name="PsnrDecibels">PSNR in dB against the full-precision image of the row; null for that image
/// itself.</param>
internal sealed record ImageCellData(byte[] Png, double? PsnrDecibels = null);
