using System.Text.Json;
using Qua2SeDiMo.Metrics;
using Qua2SeDiMo.Models;

namespace Qua2SeDiMo.Verification;

/// <summary>Reference cases of the metrics: <c>frechet.json</c> and <c>kernel.json</c> with their feature
/// sets.</summary>
internal static class MetricCases
{
    private const double FrechetTolerance = 1e-6;
    private const double SingularTolerance = 1e-5;

    // Relative to the sum of traces, for terms whose exact value is 0.
    private const double RoundingTolerance = 1e-12;
    private const double KernelTolerance = 1e-9;
    private const double CmmdTolerance = 1e-6;

    /// <summary>Runs every Fréchet and kernel case.</summary>
    /// <param name="path">Folder with <c>frechet.json</c>, <c>kernel.json</c> or both, beside safetensors of the same
    /// names; or one of the JSON files.</param>
    /// <returns>One result per output; empty if neither file exists.</returns>
    public static IReadOnlyList<VerificationResult> Verify(string path)
    {
        string[] files = File.Exists(path)
            ? [path]
            : [Path.Combine(path, "frechet.json"), Path.Combine(path, "kernel.json")];
        return
        [
            .. files
                .Where(File.Exists)
                .SelectMany(file => Comparison.Guard(Path.GetFileNameWithoutExtension(file), () => VerifyFile(file))),
        ];
    }

    private static List<VerificationResult> VerifyFile(string file)
    {
        using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(file));
        using SafetensorsFile arrays = SafetensorsFile.Open(Path.ChangeExtension(file, ".safetensors"));
        var results = new List<VerificationResult>();
        foreach (JsonProperty set in document.RootElement.GetProperty("values").EnumerateObject())
        {
            bool isFrechet =
                set.Value.ValueKind == JsonValueKind.Object && set.Value.TryGetProperty("frechet_symmetric", out _);
            results.AddRange(isFrechet ? Frechet(set.Name, set.Value, arrays) : Kernel(set.Name, set.Value, arrays));
        }
        return results;
    }

    private static IEnumerable<VerificationResult> Frechet(string set, JsonElement values, SafetensorsFile arrays)
    {
        (float[] a, int width) = Rows(arrays, $"{set}.a");
        float[] b = arrays.Tensors.ContainsKey($"{set}.b") ? Rows(arrays, $"{set}.b").Values : a;
        FrechetTerms terms = new FrechetDistance(b, width).TermsTo(a);
        double traces = terms.Trace + terms.ReferenceTrace,
            expected = values.GetProperty("frechet_symmetric").GetDouble();
        bool singular = Math.Min(a.Length, b.Length) / width <= width;
        double tolerance =
            singular ? SingularTolerance * traces
            : Math.Abs(expected) < FrechetTolerance * traces ? FrechetTolerance * traces
            : FrechetTolerance * Math.Abs(expected);
        string name = $"frechet.{set}";
        yield return Compare(name, "distance", [terms.Distance], [expected], tolerance);
        foreach (
            (string output, double actual) in new[]
            {
                ("trace_cov_a", terms.Trace),
                ("trace_cov_b", terms.ReferenceTrace),
                ("squared_mean_distance", terms.SquaredMeanDistance),
            }
        )
        {
            if (values.TryGetProperty(output, out JsonElement value))
            {
                double allowed = Math.Max(FrechetTolerance * Math.Abs(value.GetDouble()), RoundingTolerance * traces);
                yield return Compare(name, output, [actual], [value.GetDouble()], allowed);
            }
        }
    }

    private static IEnumerable<VerificationResult> Kernel(string set, JsonElement values, SafetensorsFile arrays)
    {
        string name = $"kernel.{set}";
        if (values.ValueKind == JsonValueKind.Number)
        {
            (float[] a, int width) = Rows(arrays, $"{set}.a");
            double expected = values.GetDouble();
            yield return Compare(
                name,
                "cmmd",
                [KernelDistance.Cmmd(a, Rows(arrays, $"{set}.b").Values, width)],
                [expected],
                CmmdTolerance * Math.Abs(expected)
            );
        }
        else if (values.TryGetProperty("per_subset", out JsonElement perSubset))
        {
            KernelDistanceResult result = Kid(set, arrays);
            yield return Compare(name, "per_subset", [.. result.PerSubset], Numbers(perSubset));
            yield return Compare(name, "mean", [result.Mean], [values.GetProperty("mean").GetDouble()]);
            yield return Compare(name, "std", [result.StandardDeviation], [values.GetProperty("std").GetDouble()]);
        }
        else if (values.TryGetProperty("cosine", out JsonElement cosine))
        {
            (float[] images, int width) = Rows(arrays, $"{set}.image");
            float[] texts = Rows(arrays, $"{set}.text").Values;
            double[] scores = ClipScore.OfRows(images, texts, width);
            yield return Compare(name, "cosine", CosineSimilarity.OfRows(images, texts, width), Numbers(cosine));
            yield return Compare(name, "score_per_pair", scores, Numbers(values.GetProperty("score_per_pair")));
            yield return Compare(name, "score", [scores.Average()], [values.GetProperty("score").GetDouble()]);
            yield return Compare(name, "clip_s", [ClipScore.ClipS(scores)], [values.GetProperty("clip_s").GetDouble()]);
        }
        else
        {
            yield return Comparison.Failed(
                name,
                "values",
                "neither a CMMD figure nor an object with 'per_subset' or 'cosine'"
            );
        }
    }

    private static KernelDistanceResult Kid(string set, SafetensorsFile arrays)
    {
        (float[] a, int width) = Rows(arrays, $"{set}.a");
        float[] b = Rows(arrays, $"{set}.b").Values;
        int[] subsetA = Array.ConvertAll(arrays.ReadInt64($"{set}.subset_a"), checked(row => (int)row));
        int[] subsetB = Array.ConvertAll(arrays.ReadInt64($"{set}.subset_b"), checked(row => (int)row));
        int subsetCount = (int)arrays.Tensors[$"{set}.subset_a"].Shape[0],
            sizeA = subsetA.Length / subsetCount,
            sizeB = subsetB.Length / subsetCount;
        return new KernelDistanceResult([
            .. Enumerable
                .Range(0, subsetCount)
                .Select(i =>
                    KernelDistance.Kid(a, b, width, subsetA.AsSpan(i * sizeA, sizeA), subsetB.AsSpan(i * sizeB, sizeB))
                ),
        ]);
    }

    private static (float[] Values, int Width) Rows(SafetensorsFile arrays, string name)
    {
        float[] values = arrays.ReadSingle(name);
        return (values, (int)arrays.Tensors[name].Shape[^1]);
    }

    private static double[] Numbers(JsonElement array) =>
        [.. array.EnumerateArray().Select(value => value.GetDouble())];

    // The default tolerance is relative to the largest expected value.
    private static VerificationResult Compare(
        string name,
        string output,
        double[] actual,
        double[] expected,
        double? tolerance = null
    ) => Comparison.Of(name, output, expected, actual, tolerance ?? KernelTolerance * expected.Max(Math.Abs));
}
