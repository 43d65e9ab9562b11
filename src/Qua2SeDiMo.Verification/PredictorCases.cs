using System.Text.Json;
using Qua2SeDiMo.Models;

namespace Qua2SeDiMo.Verification;

/// <summary>Reference cases of the predictor: layers, losses and whole networks. The kind of a file follows from its
/// content, not from its name.</summary>
internal static class PredictorCases
{
    /// <summary>Relative to the largest entry of an array, for single precision.</summary>
    internal const double Tolerance = 1e-4;

    /// <summary>Runs every case below a folder; folders of studies (with trials.csv) are skipped.</summary>
    /// <param name="path">Folder in the layout of <c>golden/predictor</c>, one of its subfolders, or a JSON
    /// file.</param>
    /// <returns>One result per array; empty if there are no cases.</returns>
    public static IReadOnlyList<VerificationResult> Verify(string path)
    {
        string[] files = File.Exists(path)
            ? [path]
            : [.. Directory.EnumerateFiles(path, "*.json", SearchOption.AllDirectories).Order(StringComparer.Ordinal)];
        return
        [
            .. files
                .Where(file => !File.Exists(Path.Combine(Path.GetDirectoryName(file)!, "trials.csv")))
                .SelectMany(file => Comparison.Guard(Path.GetFileNameWithoutExtension(file), () => VerifyFile(file))),
        ];
    }

    /// <summary>Compares with a tolerance relative to the largest expected entry.</summary>
    internal static VerificationResult Compare(
        string caseName,
        string output,
        ReadOnlySpan<float> expected,
        ReadOnlySpan<float> actual,
        double tolerance = Tolerance
    )
    {
        double largest = 1e-6;
        foreach (float value in expected)
            largest = Math.Max(largest, Math.Abs(value));
        return Comparison.Of(caseName, output, expected, actual, tolerance * largest);
    }

    /// <summary>Compares one number with a relative tolerance.</summary>
    internal static VerificationResult Compare(
        string caseName,
        string output,
        double expected,
        double actual,
        double tolerance = Tolerance
    ) => Comparison.Of(caseName, output, [expected], [actual], tolerance * Math.Max(Math.Abs(expected), 1e-6));

    private static List<VerificationResult> VerifyFile(string file)
    {
        using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(file));
        JsonElement root = document.RootElement;
        if (root.ValueKind != JsonValueKind.Object)
            return [];
        string name = Path.GetFileNameWithoutExtension(file);
        if (root.TryGetProperty("cases", out JsonElement cases))
            return [.. PredictorLossCases.Ndcg(name, cases)];
        string tensors = Path.ChangeExtension(file, ".safetensors");
        if (!File.Exists(tensors))
            return [];
        using SafetensorsFile arrays = SafetensorsFile.Open(tensors);
        string[] names = [.. arrays.Tensors.Keys.Order(StringComparer.Ordinal)];
        if (root.TryGetProperty("tables", out JsonElement tables))
            return [.. PredictorLayerCases.Encoder(name, tables, arrays)];
        if (root.TryGetProperty("hop_sets", out JsonElement hopSets))
            return [.. PredictorLossCases.HopLosses(name, hopSets, root.GetProperty("values"), arrays)];
        if (names.Any(n => n.StartsWith("param.", StringComparison.Ordinal)))
            return [.. PredictorNetworkCases.Run(name, root, arrays)];
        if (names.Any(n => n.EndsWith(".attention_weights", StringComparison.Ordinal)))
            return [.. PredictorLayerCases.Attention(name, arrays)];
        if (names.Any(n => n.EndsWith(".running_mean", StringComparison.Ordinal)))
            return [.. PredictorLayerCases.Norm(name, arrays)];
        if (names.Any(n => n.EndsWith(".lambda", StringComparison.Ordinal)))
            return [.. PredictorLossCases.Pairwise(name, root.GetProperty("values"), arrays)];
        if (names.Any(n => n.EndsWith(".soft_rank", StringComparison.Ordinal)))
            return [.. PredictorLossCases.SoftRanks(name, arrays)];
        if (root.TryGetProperty("nodes_per_graph", out JsonElement size))
            return [.. PredictorLayerCases.Selection(name, size.GetInt32(), arrays)];
        return [];
    }
}
