using Qua2SeDiMo.Json;

namespace Qua2SeDiMo.Metrics;

/// <summary>
/// Converts images to the pixel values that a CLIP vision tower expects, like <c>CLIPImageProcessor</c> of
/// transformers: resizes the shorter edge, crops the centre and normalises each channel. Steps that the configuration
/// turns off are skipped.
/// </summary>
internal sealed record ClipImageProcessor
{
    // A generous limit: known vision towers take 224 to 448 pixels.
    private const int LargestEdge = 4096;

    /// <summary>Length of the shorter edge after resizing, pixels; null: no resizing.</summary>
    public int? ShortestEdge { get; init; }

    /// <summary>Rows and columns of the centre crop; null: no crop.</summary>
    public (int Height, int Width)? CropSize { get; init; }

    /// <summary>Resampling filter.</summary>
    public ResamplingFilter Filter { get; init; } = ResamplingFilter.Bicubic;

    /// <summary>Mean of each channel, subtracted from values in [0, 1].</summary>
    public IReadOnlyList<double> Mean { get; init; } = [0, 0, 0];

    /// <summary>Divisor of each channel.</summary>
    public IReadOnlyList<double> StandardDeviation { get; init; } = [1, 1, 1];

    /// <summary>Reads <c>preprocessor_config.json</c>.</summary>
    /// <exception cref="JsonFileException">A size, filter, mean or deviation is missing or invalid.</exception>
    public static ClipImageProcessor FromJson(ForeignValue config)
    {
        var processor = new ClipImageProcessor();
        if (config["do_resize"].FlagOrNull() == true && !config["size"].IsNull)
            processor = processor with { ShortestEdge = Edge(config["size"]) };
        if (config["do_center_crop"].FlagOrNull() == true && !config["crop_size"].IsNull)
            processor = processor with { CropSize = Extents(config["crop_size"]) };
        if (!config["resample"].IsNull)
            processor = processor with { Filter = ReadFilter(config["resample"]) };
        if (config["do_normalize"].FlagOrNull() == true)
        {
            processor = processor with
            {
                Mean = Channels(config["image_mean"]),
                StandardDeviation = Channels(config["image_std"]),
            };
        }
        return processor;
    }

    /// <summary>Prepares an image of floats without rounding or clamping values when resizing.</summary>
    /// <param name="image">[height, width, 3] in [0, 1].</param>
    /// <param name="height">Rows.</param>
    /// <param name="width">Columns.</param>
    /// <returns>Planar [3, rows, columns] of <see cref="OutputSize"/>, normalised.</returns>
    public float[] Prepare(ReadOnlySpan<float> image, int height, int width)
    {
        (int newHeight, int newWidth) = ResizedSize(height, width);
        float[] resized = ImageResizing.Resize(image, height, width, 3, newHeight, newWidth, Filter);
        return CropAndNormalise(resized, newHeight, newWidth);
    }

    /// <summary>Prepares an 8-bit image with exactly the results of transformers and Pillow.</summary>
    /// <param name="image">[height, width, 3].</param>
    /// <param name="height">Rows.</param>
    /// <param name="width">Columns.</param>
    /// <returns>Planar [3, rows, columns] of <see cref="OutputSize"/>, normalised.</returns>
    public float[] Prepare(ReadOnlySpan<byte> image, int height, int width)
    {
        (int newHeight, int newWidth) = ResizedSize(height, width);
        byte[] resized = ImageResizing.Resize(image, height, width, 3, newHeight, newWidth, Filter);
        return CropAndNormalise(Array.ConvertAll(resized, value => value / 255f), newHeight, newWidth);
    }

    /// <summary>Rows and columns of a prepared image.</summary>
    public (int Height, int Width) OutputSize(int height, int width) => CropSize ?? ResizedSize(height, width);

    private (int Height, int Width) ResizedSize(int height, int width)
    {
        if (ShortestEdge is not int edge)
            return (height, width);
        int longer = (int)((long)edge * Math.Max(height, width) / Math.Min(height, width));
        return height <= width ? (edge, longer) : (longer, edge);
    }

    // A crop larger than the image is filled with zeros before normalising.
    private float[] CropAndNormalise(float[] image, int height, int width)
    {
        (int rows, int columns) = CropSize ?? (height, width);
        int top = FloorHalf(height - rows),
            left = FloorHalf(width - columns);
        float[] values = new float[3 * rows * columns];
        for (int channel = 0; channel < 3; channel++)
        {
            float mean = (float)Mean[channel],
                deviation = (float)StandardDeviation[channel];
            for (int row = 0; row < rows; row++)
            {
                for (int column = 0; column < columns; column++)
                {
                    int y = row + top,
                        x = column + left;
                    float value =
                        y >= 0 && y < height && x >= 0 && x < width ? image[(((y * width) + x) * 3) + channel] : 0;
                    values[(((channel * rows) + row) * columns) + column] = (value - mean) / deviation;
                }
            }
        }
        return values;
    }

    private static int FloorHalf(int value) => value >> 1;

    private static int Edge(ForeignValue size) => Pixels(size.IsObject ? size["shortest_edge"] : size);

    private static (int Height, int Width) Extents(ForeignValue crop) =>
        crop.IsObject ? (Pixels(crop["height"]), Pixels(crop["width"])) : (Pixels(crop), Pixels(crop));

    private static int Pixels(ForeignValue value) =>
        value.Int() is >= 1 and <= LargestEdge and var pixels
            ? pixels
            : throw value.Fault($"1 to {LargestEdge:#,0} pixels");

    // Pillow's filter numbers.
    private static ResamplingFilter ReadFilter(ForeignValue resample) =>
        resample.Int() switch
        {
            1 => ResamplingFilter.Lanczos,
            2 => ResamplingFilter.Bilinear,
            3 => ResamplingFilter.Bicubic,
            4 => ResamplingFilter.Box,
            _ => throw resample.Fault("1 (Lanczos), 2 (bilinear), 3 (bicubic) or 4 (box)"),
        };

    private static double[] Channels(ForeignValue values) =>
        values.IsList && values.Items.Count == 3
            ? [.. values.Items.Select(value => value.Number())]
            : throw values.Fault("one number for each of three channels");
}
