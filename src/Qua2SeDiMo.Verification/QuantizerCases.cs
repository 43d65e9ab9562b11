using System.Globalization;
using System.Text.Json.Nodes;
using Qua2SeDiMo.Models;
using Qua2SeDiMo.Models.Configs;

namespace Qua2SeDiMo.Verification;

/// <summary>
/// Reference results of the quantizers: <c>uaq</c>, <c>kmeans</c>, <c>activations</c> (a JSON file with formulas beside
/// a safetensors file with arrays) and <c>size.json</c>. The kind of a file follows from its content, not from its
/// name.
/// </summary>
internal static class QuantizerCases
{
    /// <summary>Checks every reference file in and below a folder, or one JSON file.</summary>
    /// <param name="path">Folder or JSON file.</param>
    public static IReadOnlyList<VerificationResult> Verify(string path)
    {
        string[] files = File.Exists(path)
            ? [path]
            : [.. Directory.EnumerateFiles(path, "*.json", SearchOption.AllDirectories).Order(StringComparer.Ordinal)];
        return
        [
            .. files.SelectMany(file =>
                Comparison.Guard(Path.GetFileNameWithoutExtension(file), () => VerifyFile(file))
            ),
        ];
    }

    private static List<VerificationResult> VerifyFile(string file)
    {
        JsonObject description = ComponentConfig.Read(file).Root;
        if (description["examples"] is JsonArray)
            return SizeCases.Verify(description);
        using SafetensorsFile tensors = SafetensorsFile.Open(Path.ChangeExtension(file, ".safetensors"));
        if (description["inertia"] is JsonObject inertia)
            return PaletteCases.Verify(inertia, tensors);
        string[] names = [.. tensors.Tensors.Keys.Order(StringComparer.Ordinal)];
        return names.Any(name => name.EndsWith(".input", StringComparison.Ordinal))
            ? ActivationCases.Verify(names, tensors)
            : AffineCases.Verify(names, tensors);
    }

    /// <summary>Finds the cases named <c>TENSOR.bBITS</c> by their arrays with the given suffix.</summary>
    internal static IEnumerable<(string Name, string Tensor, int Bits)> Widths(string[] names, string suffix)
    {
        foreach (string array in names.Where(name => name.EndsWith(suffix, StringComparison.Ordinal)))
        {
            string name = array[..^suffix.Length];
            int cut = name.LastIndexOf(".b", StringComparison.Ordinal);
            yield return (name, name[..cut], int.Parse(name[(cut + 2)..], CultureInfo.InvariantCulture));
        }
    }

    /// <summary>A result that passes if a figure, such as a count of wrong codes or a relative error, does not exceed a
    /// limit.</summary>
    internal static VerificationResult Limit(
        string caseName,
        string output,
        double found,
        double limit,
        string? detail = null
    ) => new(caseName, output, found, found, limit, found <= limit, detail);
}
