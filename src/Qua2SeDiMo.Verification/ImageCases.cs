using System.Globalization;
using Qua2SeDiMo.Kernels.Codes;
using Qua2SeDiMo.Metrics;
using Qua2SeDiMo.Models;

namespace Qua2SeDiMo.Verification;

/// <summary>Reference cases of image resizing; <c>resizing.json</c> describes the names of the arrays.</summary>
internal static class ImageCases
{
    private const string CleanFid = ".clean-fid-";

    // In units of pixel values 0…255, for single-precision results.
    private const double SingleTolerance = 1e-3;

    private const string CaseName = "resizing";

    /// <summary>Runs every resize that <c>resizing.safetensors</c> contains.</summary>
    /// <param name="path">Folder with the file, or the JSON file beside it.</param>
    /// <returns>One result per output, in ordinal order; empty if there is no such file.</returns>
    public static IReadOnlyList<VerificationResult> Verify(string path)
    {
        string file = File.Exists(path)
            ? Path.ChangeExtension(path, ".safetensors")
            : Path.Combine(path, "resizing.safetensors");
        return File.Exists(file) ? Comparison.Guard(CaseName, () => VerifyFile(file)) : [];
    }

    private static VerificationResult[] VerifyFile(string file)
    {
        using SafetensorsFile arrays = SafetensorsFile.Open(file);
        return
        [
            .. arrays
                .Tensors.Keys.Where(name => !name.EndsWith(".input", StringComparison.Ordinal))
                .Order(StringComparer.Ordinal)
                .Select(name => RunOne(arrays, name)),
        ];
    }

    private static VerificationResult RunOne(SafetensorsFile arrays, string name)
    {
        int clean = name.IndexOf(CleanFid, StringComparison.Ordinal);
        return clean >= 0
            ? RunSingle(
                arrays,
                name,
                name[..clean],
                int.Parse(name.AsSpan(clean + CleanFid.Length), CultureInfo.InvariantCulture)
            )
            : RunBytes(arrays, name);
    }

    // Arrays <case>.<filter>.<H>x<W>: 8-bit resizing, compared exactly.
    private static VerificationResult RunBytes(SafetensorsFile arrays, string name)
    {
        string[] parts = name.Split('.');
        if (
            parts.Length < 4
            || !Enum.TryParse(parts[^2], ignoreCase: true, out ResamplingFilter filter)
            || !Enum.IsDefined(filter)
            || parts[^1].Split('x') is not [string rows, string columns]
        )
        {
            throw new FormatException($"Array '{name}' is not named <case>.<filter>.<H>x<W>.");
        }
        (byte[] image, int height, int width, int channels) = Input(arrays, string.Join('.', parts[..^2]));
        int newHeight = int.Parse(rows, CultureInfo.InvariantCulture),
            newWidth = int.Parse(columns, CultureInfo.InvariantCulture);
        byte[] resized = ImageResizing.Resize(image, height, width, channels, newHeight, newWidth, filter);
        return Comparison.Of(
            CaseName,
            name,
            arrays.ReadSingle(name),
            Array.ConvertAll(resized, value => (float)value),
            0
        );
    }

    // Single-precision resizing to a square; the reference has every third row and column.
    private static VerificationResult RunSingle(SafetensorsFile arrays, string name, string caseName, int side)
    {
        (byte[] image, int height, int width, int channels) = Input(arrays, caseName);
        float[] resized = ImageResizing.Resize(
            Array.ConvertAll(image, value => (float)value),
            height,
            width,
            channels,
            side,
            side,
            ResamplingFilter.Bicubic
        );
        var kept = new List<float>();
        for (int row = 0; row < side; row += 3)
        {
            for (int column = 0; column < side; column += 3)
                kept.AddRange(resized.AsSpan(((row * side) + column) * channels, channels));
        }
        return Comparison.Of(CaseName, name, arrays.ReadSingle(name), kept.ToArray(), SingleTolerance);
    }

    private static (byte[] Image, int Height, int Width, int Channels) Input(SafetensorsFile arrays, string caseName)
    {
        string name = caseName + ".input";
        if (!arrays.Tensors.TryGetValue(name, out TensorInfo? input))
            throw MissingTensorException.For(arrays, name);
        if (input.Type != ElementType.UInt8 || input.Shape.Count != 3)
            throw new FormatException($"Array '{name}' is not [H, W, 3] uint8.");
        byte[] image = new byte[input.SizeBytes];
        arrays.ReadBytes(name, 0, image);
        return (image, (int)input.Shape[0], (int)input.Shape[1], (int)input.Shape[2]);
    }
}
