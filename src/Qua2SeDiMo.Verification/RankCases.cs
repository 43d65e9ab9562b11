using System.Globalization;
using System.Text.Json;
using Qua2SeDiMo.Numerics;

namespace Qua2SeDiMo.Verification;

/// <summary>Reference cases of rank correlations and ranking quality: <c>ranks.json</c>.</summary>
internal static class RankCases
{
    // Relative, since p values may be tiny.
    private const double Tolerance = 1e-9;

    /// <summary>Runs every case.</summary>
    /// <param name="path">Folder with <c>ranks.json</c>, or that file.</param>
    /// <returns>One result per statistic; empty if the file does not exist.</returns>
    public static IReadOnlyList<VerificationResult> Verify(string path)
    {
        string file = File.Exists(path) ? path : Path.Combine(path, "ranks.json");
        return File.Exists(file) ? Comparison.Guard("ranks", () => VerifyFile(file)) : [];
    }

    private static IEnumerable<VerificationResult> VerifyFile(string file)
    {
        using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(file));
        foreach (JsonElement test in document.RootElement.GetProperty("cases").EnumerateArray())
        {
            string name = $"ranks.{test.GetProperty("case").GetString()}";
            double[] x = JsonArrays.Doubles(test.GetProperty("x")),
                y = JsonArrays.Doubles(test.GetProperty("y"));
            double spearman = RankStatistics.Spearman(x, y);
            foreach (JsonProperty expected in test.EnumerateObject())
            {
                double? actual = expected.Name switch
                {
                    "spearman" => spearman,
                    "spearman_p" => RankStatistics.SpearmanP(spearman, x.Length),
                    "kendall_tau_b" => RankStatistics.KendallTauB(x, y),
                    "pearson" => RankStatistics.Pearson(x, y),
                    "ndcg_all" => RankStatistics.Ndcg(JsonArrays.Doubles(test.GetProperty("ndcg_relevance")), x),
                    _ when expected.Name.StartsWith("ndcg_", StringComparison.Ordinal)
                            && int.TryParse(expected.Name.AsSpan(5), CultureInfo.InvariantCulture, out int top) =>
                        RankStatistics.Ndcg(JsonArrays.Doubles(test.GetProperty("ndcg_relevance")), x, top),
                    _ => null,
                };
                if (actual is null)
                    continue;
                double value = JsonArrays.Number(expected.Value);
                yield return Comparison.Of(
                    name,
                    expected.Name,
                    [value],
                    [actual.Value],
                    Tolerance * (double.IsNaN(value) ? 1 : Math.Max(Math.Abs(value), 1e-30))
                );
            }
        }
    }
}
