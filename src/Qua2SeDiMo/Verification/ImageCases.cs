using Qua2SeDiMo.Metrics;
using Qua2SeDiMo.Models;
using Qua2SeDiMo.Numerics;

namespace Qua2SeDiMo.Verification;

/// <summary>Reference cases of image resizing: arrays named as <c>resizing.json</c> describes.</summary>
public static class ImageCases
{
    private const string CleanFid = ".clean-fid-";

    // Pixels of 0…255 kept in single precision.
    private const double SingleTolerance = 1e-3;

    /// <summary>Runs every resize that <c>resizing.safetensors</c> in the folder holds.</summary>
    /// <returns>One result per output, in ordinal order; empty if the folder has no such file.</returns>
    public static IReadOnlyList<VerificationResult> Run(string folder)
    {
        string path = Path.Combine(folder, "resizing.safetensors");
        if (!File.Exists(path)) return [];
        try
        {
            using SafetensorsFile arrays = SafetensorsFile.Open(path);
            return [.. arrays.Tensors.Keys.Where(name => !name.EndsWith(".input", StringComparison.Ordinal))
                .Order(StringComparer.Ordinal).Select(name => RunOne(arrays, name))];
        }
        catch (Exception error) when (error is Q2Exception or FormatException)
        {
            return [new VerificationResult("images/resizing", "(file)", double.NaN, double.NaN, 0, false, $"{path}: {error.Message}")];
        }
    }

    private static VerificationResult RunOne(SafetensorsFile arrays, string name)
    {
        int clean = name.IndexOf(CleanFid, StringComparison.Ordinal);
        return clean >= 0 ? RunSingle(arrays, name, name[..clean], int.Parse(name.AsSpan(clean + CleanFid.Length))) : RunBytes(arrays, name);
    }

    // <case>.<filter>.<H>x<W>, 8 bits: exact.
    private static VerificationResult RunBytes(SafetensorsFile arrays, string name)
    {
        string[] parts = name.Split('.');
        if (parts.Length < 4 || !Enum.TryParse(parts[^2], ignoreCase: true, out ResamplingFilter filter) || !Enum.IsDefined(filter)
            || parts[^1].Split('x') is not [string rows, string columns])
        {
            throw new FormatException($"Array '{name}' is not named <case>.<filter>.<H>x<W>.");
        }
        (byte[] image, int height, int width, int channels) = Input(arrays, string.Join('.', parts[..^2]));
        int newHeight = int.Parse(rows), newWidth = int.Parse(columns);
        byte[] resized = ImageResizing.Resize(image, height, width, channels, newHeight, newWidth, filter);
        return Compare(name, Array.ConvertAll(resized, value => (float)value), arrays.ReadSingle(name), 0);
    }

    // Float resize to a square; every third row and column is kept.
    private static VerificationResult RunSingle(SafetensorsFile arrays, string name, string caseName, int side)
    {
        (byte[] image, int height, int width, int channels) = Input(arrays, caseName);
        float[] resized = ImageResizing.Resize(
            Array.ConvertAll(image, value => (float)value), height, width, channels, side, side, ResamplingFilter.Bicubic);
        var kept = new List<float>();
        for (int row = 0; row < side; row += 3)
        {
            for (int column = 0; column < side; column += 3) kept.AddRange(resized.AsSpan(((row * side) + column) * channels, channels));
        }
        return Compare(name, [.. kept], arrays.ReadSingle(name), SingleTolerance);
    }

    private static (byte[] Image, int Height, int Width, int Channels) Input(SafetensorsFile arrays, string caseName)
    {
        string name = caseName + ".input";
        if (!arrays.Tensors.TryGetValue(name, out TensorInfo? input)) throw MissingTensorException.For(arrays, name);
        if (input.Type != ElementType.UInt8 || input.Shape.Count != 3) throw new FormatException($"Array '{name}' is not [H, W, 3] uint8.");
        byte[] image = new byte[input.SizeBytes];
        arrays.ReadBytes(name, 0, image);
        return (image, (int)input.Shape[0], (int)input.Shape[1], (int)input.Shape[2]);
    }

    private static VerificationResult Compare(string name, float[] actual, float[] expected, double tolerance)
    {
        if (actual.Length != expected.Length)
        {
            return new VerificationResult("images/resizing", name, double.NaN, double.NaN, tolerance, false,
                $"{actual.Length} values, expected {expected.Length}.");
        }
        double difference = 0, largest = 0;
        for (int i = 0; i < actual.Length; i++)
        {
            difference = Math.Max(difference, Math.Abs((double)actual[i] - expected[i]));
            largest = Math.Max(largest, Math.Abs(expected[i]));
        }
        return new VerificationResult("images/resizing", name, difference, largest == 0 ? 0 : difference / largest, tolerance, difference <= tolerance, null);
    }
}
