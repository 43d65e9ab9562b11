using System.Globalization;
using Qua2SeDiMo.Reports.Charts;

namespace Qua2SeDiMo.Reports.Page;

/// <summary>Section with the grid of images: prompts × plan entries.</summary>
internal static class ImageSection
{
    // Images up to this side are enlarged by an integer factor without interpolation, which would hide effects of
    // quantization.
    private const int PixelatedSide = 128;

    public static Markup Draw(ReportData report)
    {
        if (report.Images is not { Rows.Count: > 0 } grid)
            return Markup.Empty;
        bool isSmall = Math.Max(grid.Width, grid.Height) <= PixelatedSide;
        int side = isSmall ? Math.Max(1, PixelatedSide / grid.Width) * grid.Width : Math.Min(grid.Width, 256);
        return Markup.Of(
            $"""
            <p>The same prompts and starting noise in every column. The figure under a picture is its PSNR against the full-precision picture of its row{(
                isSmall ? $"; pictures of {grid.Width}×{grid.Height} pixels are enlarged without smoothing" : ""
            )}.</p>
            <div class="gallery" style="--columns:{grid.Columns.Count};--side:{side}px">
            {Markup.Join(grid.Rows.Select(row => Row(grid, row, isSmall)), "\n")}
            </div>
            """
        );
    }

    private static Markup Row(ImageGridData grid, ImageRowData row, bool isSmall) =>
        Markup.Of(
            $"""
            <div class="gallery-row"><h3 class="prompt">{row.Prompt} <small>seed {row.Seed.ToString(
                CultureInfo.InvariantCulture
            )}</small></h3>
            <div class="pictures">{Markup.Join(
                row.Cells.Select((cell, i) => Cell(grid, row, cell, i, isSmall))
            )}</div></div>
            """
        );

    private static Markup Cell(ImageGridData grid, ImageRowData row, ImageCellData cell, int column, bool isSmall)
    {
        ImageColumnData head = grid.Columns[column];
        Markup figure = cell.PsnrDecibels is { } psnr
            ? Markup.Of($"<b>{FigureText.Fixed(psnr, 1)} dB</b>")
            : Markup.Of($"<b>reference</b>");
        return Markup.Of(
            $"""
            <figure class="picture"><img src="data:image/png;base64,{new Markup(
                Convert.ToBase64String(cell.Png)
            )}" width="{grid.Width}" height="{grid.Height}" class="{(
                isSmall ? "pixelated" : ""
            )}" alt="{row.Prompt}, {head.Label}">
            <figcaption>{head.Label}{(
                head.Detail.Length > 0 ? Markup.Of($" <small>{head.Detail}</small>") : Markup.Empty
            )} {figure}</figcaption></figure>
            """
        );
    }
}
