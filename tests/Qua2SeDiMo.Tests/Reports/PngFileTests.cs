using Qua2SeDiMo.Images;
using Xunit;

namespace Qua2SeDiMo.Tests.Reports;

public class PngFileTests
{
    [Fact]
    public void A_png_keeps_every_value_to_the_nearest_of_256_steps()
    {
        float[] image = [.. Enumerable.Range(0, 5 * 7 * 3).Select(i => i / 104f)];

        (float[] decoded, int height, int width) = PngFile.Decode(PngFile.Encode(image, 5, 7));

        Assert.Equal((5, 7), (height, width));
        for (int i = 0; i < image.Length; i++)
            Assert.Equal(MathF.Round(image[i] * 255f), decoded[i] * 255f, 3);
    }

    [Fact]
    public void Values_outside_the_range_are_clamped_and_NaN_is_black()
    {
        (float[] decoded, _, _) = PngFile.Decode(PngFile.Encode([-1f, 2f, float.NaN], 1, 1));

        Assert.Equal([0f, 1f, 0f], decoded);
    }

    [Fact]
    public void A_thumbnail_keeps_the_aspect_ratio_and_never_enlarges()
    {
        float[] image = new float[100 * 50 * 3];

        (_, int height, int width) = PngFile.Decode(PngFile.EncodeThumbnail(image, 100, 50, 40));
        Assert.Equal((40, 20), (height, width));

        (_, height, width) = PngFile.Decode(PngFile.EncodeThumbnail(image, 100, 50, 400));
        Assert.Equal((100, 50), (height, width));
    }

    [Fact]
    public void A_sheet_lays_images_row_by_row_on_white()
    {
        float[] images = new float[3 * 2 * 2 * 3];
        images.AsSpan(12, 12).Fill(0.5f);

        (float[] sheet, int height, int width) = PngFile.Decode(
            PngFile.EncodeSheet(images, 3, 2, 2, columns: 2, gap: 1)
        );

        Assert.Equal((7, 7), (height, width));
        float At(int row, int column) => sheet[((row * width) + column) * 3];
        Assert.Equal(1f, At(0, 0));
        Assert.Equal(0f, At(1, 1));
        Assert.Equal(128f / 255f, At(1, 4), 3);
        Assert.Equal(0f, At(4, 1));
        Assert.Equal(1f, At(4, 4));
    }

    [Fact]
    public void Bytes_that_are_no_image_are_refused_with_their_source() =>
        Assert.Contains(
            "cat.png",
            Assert.Throws<ImageFileException>(() => PngFile.Decode([1, 2, 3], "cat.png")).Message,
            StringComparison.Ordinal
        );

    [Fact]
    public void A_wrong_length_is_refused() =>
        Assert.Throws<ArgumentException>(() => PngFile.Encode(new float[11], 2, 2));
}
