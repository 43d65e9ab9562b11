using System.Text.Json;

namespace Qua2SeDiMo.Metrics;

/// <summary>
/// Turns images into the pixel values that a CLIP vision tower expects, as transformers' <c>CLIPImageProcessor</c> does: the shorter edge is
/// resized, the centre cut out, and each channel normalised. Steps that its configuration turns off are left out.
/// </summary>
public sealed record ClipImageProcessor
{
    /// <summary>Length of the shorter edge after resizing, pixels; null: no resizing.</summary>
    public int? ShortestEdge { get; init; }

    /// <summary>Rows and columns of the centre crop; null: no crop.</summary>
    public (int Height, int Width)? CropSize { get; init; }

    /// <summary>Filter of the resize.</summary>
    public ResamplingFilter Filter { get; init; } = ResamplingFilter.Bicubic;

    /// <summary>Mean of each channel, taken from values in [0, 1].</summary>
    public IReadOnlyList<double> Mean { get; init; } = [0, 0, 0];

    /// <summary>Divisor of each channel.</summary>
    public IReadOnlyList<double> StandardDeviation { get; init; } = [1, 1, 1];

    /// <summary>Reads <c>preprocessor_config.json</c>.</summary>
    /// <exception cref="FormatException">A size, filter or mean is not of the form that transformers writes.</exception>
    public static ClipImageProcessor FromJson(JsonElement config)
    {
        if (config.ValueKind != JsonValueKind.Object) throw new FormatException("An image processor configuration is a JSON object.");
        var processor = new ClipImageProcessor();
        if (IsOn(config, "do_resize") && config.TryGetProperty("size", out JsonElement size))
        {
            processor = processor with { ShortestEdge = Edge(size) };
        }
        if (IsOn(config, "do_center_crop") && config.TryGetProperty("crop_size", out JsonElement crop))
        {
            processor = processor with { CropSize = Extents(crop) };
        }
        if (config.TryGetProperty("resample", out JsonElement resample)) processor = processor with { Filter = ReadFilter(resample) };
        if (IsOn(config, "do_normalize"))
        {
            processor = processor with { Mean = Channels(config, "image_mean"), StandardDeviation = Channels(config, "image_std") };
        }
        return processor;
    }

    /// <summary>Prepares an image that was never rounded: resizing neither rounds nor cuts.</summary>
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

    /// <summary>Prepares an 8-bit image exactly as transformers does with Pillow.</summary>
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
        if (ShortestEdge is not int edge) return (height, width);
        int longer = (int)((long)edge * Math.Max(height, width) / Math.Min(height, width));
        return height <= width ? (edge, longer) : (longer, edge);
    }

    // A crop larger than the image is filled with zeros before normalising.
    private float[] CropAndNormalise(float[] image, int height, int width)
    {
        (int rows, int columns) = CropSize ?? (height, width);
        int top = FloorHalf(height - rows), left = FloorHalf(width - columns);
        float[] values = new float[3 * rows * columns];
        for (int channel = 0; channel < 3; channel++)
        {
            float mean = (float)Mean[channel], deviation = (float)StandardDeviation[channel];
            for (int row = 0; row < rows; row++)
            {
                for (int column = 0; column < columns; column++)
                {
                    int y = row + top, x = column + left;
                    float value = y >= 0 && y < height && x >= 0 && x < width ? image[(((y * width) + x) * 3) + channel] : 0;
                    values[(((channel * rows) + row) * columns) + column] = (value - mean) / deviation;
                }
            }
        }
        return values;
    }

    private static int FloorHalf(int value) => value >> 1;

    private static bool IsOn(JsonElement config, string name) =>
        config.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.True;

    private static int Edge(JsonElement size) => size.ValueKind switch
    {
        JsonValueKind.Number => size.GetInt32(),
        JsonValueKind.Object when size.TryGetProperty("shortest_edge", out JsonElement edge) => edge.GetInt32(),
        _ => throw new FormatException($"'size' is {size}; expected a number or an object with 'shortest_edge'."),
    };

    private static (int Height, int Width) Extents(JsonElement crop) => crop.ValueKind switch
    {
        JsonValueKind.Number => (crop.GetInt32(), crop.GetInt32()),
        JsonValueKind.Object when crop.TryGetProperty("height", out JsonElement height) && crop.TryGetProperty("width", out JsonElement width) =>
            (height.GetInt32(), width.GetInt32()),
        _ => throw new FormatException($"'crop_size' is {crop}; expected a number or an object with 'height' and 'width'."),
    };

    // Pillow's filter numbers.
    private static ResamplingFilter ReadFilter(JsonElement resample) => resample.GetInt32() switch
    {
        1 => ResamplingFilter.Lanczos,
        2 => ResamplingFilter.Bilinear,
        3 => ResamplingFilter.Bicubic,
        4 => ResamplingFilter.Box,
        int other => throw new FormatException($"'resample' is {other}; expected 1 (Lanczos), 2 (bilinear), 3 (bicubic) or 4 (box)."),
    };

    private static double[] Channels(JsonElement config, string name) =>
        config.TryGetProperty(name, out JsonElement values) && values.ValueKind == JsonValueKind.Array && values.GetArrayLength() == 3
            ? [.. values.EnumerateArray().Select(value => value.GetDouble())]
            : throw new FormatException($"'{name}' must list one number for each of three channels.");
}
