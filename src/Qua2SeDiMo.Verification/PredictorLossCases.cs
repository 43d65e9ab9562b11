using System.Text.Json;
using Qua2SeDiMo.Models;
using Qua2SeDiMo.Numerics;
using Qua2SeDiMo.Predictors.Data;
using Qua2SeDiMo.Predictors.Training;

namespace Qua2SeDiMo.Verification;

/// <summary>Reference cases of soft ranks, pairwise gradients, NDCG and the losses of one batch.</summary>
internal static class PredictorLossCases
{
    // For values that are computed in double precision from single-precision inputs and stored in single precision.
    private const double Exact = 1e-6;

    public static IEnumerable<VerificationResult> SoftRanks(string name, SafetensorsFile arrays)
    {
        foreach (StoredArrays stored in StoredArrays.Sets(name, arrays, "soft_rank"))
        {
            double[] values = stored.ReadDoubles("values"),
                ranks = new double[values.Length],
                gradient = new double[values.Length];
            var softRank = new SoftRank();
            softRank.Forward(values, ranks);
            softRank.Backward(stored.ReadDoubles("upstream"), gradient);
            yield return Relative(stored, "soft_rank", ranks);
            yield return Relative(stored, "grad", gradient);
        }
    }

    public static IEnumerable<VerificationResult> Pairwise(string name, JsonElement values, SafetensorsFile arrays)
    {
        foreach (StoredArrays stored in StoredArrays.Sets(name, arrays, "lambda"))
        {
            double[] scores = stored.ReadDoubles("scores"),
                relevance = stored.ReadDoubles("relevance"),
                lambda = new double[scores.Length];
            double cost = LambdaRank.Add(scores, relevance, lambda);
            JsonElement expected = values.GetProperty(stored.Set);
            yield return Relative(stored, "lambda", lambda);
            yield return Comparison.Of(
                stored.Case,
                "rank",
                [.. stored.ReadIntegers("rank").Select(rank => (double)rank)],
                [.. LambdaRank.AscendingPositions(relevance).Select(rank => (double)rank)],
                0
            );
            yield return PredictorCases.Compare(
                stored.Case,
                "ideal_dcg",
                expected.GetProperty("ideal_dcg").GetDouble(),
                LambdaRank.IdealGain(relevance),
                Exact
            );
            yield return PredictorCases.Compare(
                stored.Case,
                "cost",
                expected.GetProperty("cost").GetDouble(),
                cost,
                Exact
            );
        }
    }

    public static IEnumerable<VerificationResult> Ndcg(string name, JsonElement cases)
    {
        int number = 0;
        foreach (JsonElement test in cases.EnumerateArray())
        {
            double[] relevance = JsonArrays.Doubles(test.GetProperty("relevance")),
                scores = JsonArrays.Doubles(test.GetProperty("scores"));
            foreach (
                (string output, int top) in new[]
                {
                    ("ndcg_published", 1),
                    ("ndcg_at_1", 1),
                    ("ndcg_at_10", 10),
                    ("ndcg_all", int.MaxValue),
                }
            )
            {
                if (!test.TryGetProperty(output, out JsonElement expected))
                    continue;
                yield return PredictorCases.Compare(
                    $"{name}.{number}",
                    output,
                    expected.GetDouble(),
                    RankStatistics.Ndcg(relevance, scores, top),
                    1e-9
                );
            }
            number++;
        }
    }

    public static IEnumerable<VerificationResult> HopLosses(
        string name,
        JsonElement hopSets,
        JsonElement values,
        SafetensorsFile arrays
    )
    {
        var stored = new StoredArrays(name, arrays);
        TargetScale scale = TargetScale.Relevance(stored.ReadDoubles("targets_all"));
        double[] targets = [.. stored.ReadDoubles("targets").Select(scale.Apply)];
        yield return PredictorCases.Compare(
            name,
            "relevance_lower",
            values.GetProperty("relevance_lower").GetDouble(),
            scale.Lower
        );
        yield return PredictorCases.Compare(
            name,
            "relevance_upper",
            values.GetProperty("relevance_upper").GetDouble(),
            scale.Invert(TargetScale.MaximumRelevance)
        );
        yield return Relative(stored, "relevance", targets);
        targets = stored.ReadDoubles("relevance");
        int hops = Enumerable
            .Range(0, PredictorTopology.HopCount)
            .Count(m => arrays.Tensors.ContainsKey($"hop{m}.embedding"));
        double[][] norms = new double[hops][];
        for (int m = 0; m < hops; m++)
        {
            float[] embedding = arrays.ReadSingle($"hop{m}.embedding");
            norms[m] = Norms(embedding, targets.Length);
            yield return Relative(stored, $"hop{m}.norm", norms[m]);
            double[] slope = new double[targets.Length];
            double correlation = new RankingLoss(PredictorLoss.Srcc, [m]).SoftCorrelation(norms[m], targets, slope);
            yield return PredictorCases.Compare(
                name,
                $"hop{m}.soft_correlation",
                values.GetProperty($"hop{m}.soft_correlation").GetDouble(),
                correlation,
                Exact
            );
            yield return PredictorCases.Compare(
                name,
                $"hop{m}.srcc_exact",
                values.GetProperty($"hop{m}.srcc_exact").GetDouble(),
                RankStatistics.Spearman(norms[m], targets),
                Exact
            );
            yield return Relative(stored, $"hop{m}.srcc_loss.grad_norm", [.. slope.Select(v => -v)]);
        }
        foreach (JsonProperty set in hopSets.EnumerateObject())
        {
            foreach ((string kind, PredictorLoss loss) in Kinds)
            {
                if (!values.TryGetProperty($"{set.Name}.{kind}.loss", out JsonElement expected))
                    continue;
                foreach (
                    VerificationResult result in OneLoss(
                        stored,
                        $"{set.Name}.{kind}",
                        new RankingLoss(loss, JsonArrays.Integers(set.Value)),
                        expected.GetDouble(),
                        norms,
                        targets
                    )
                )
                {
                    yield return result;
                }
            }
        }
    }

    /// <summary>Reference names of the losses.</summary>
    internal static IReadOnlyList<(string Name, PredictorLoss Loss)> Kinds { get; } =
    [
        ("mse", PredictorLoss.Mse),
        ("srcc", PredictorLoss.Srcc),
        ("lambda", PredictorLoss.Ndcg),
        ("hybrid", PredictorLoss.Hybrid),
    ];

    private static IEnumerable<VerificationResult> OneLoss(
        StoredArrays stored,
        string key,
        RankingLoss loss,
        double expected,
        double[][] norms,
        double[] targets
    )
    {
        double[] predictionGradient = new double[targets.Length];
        double[][] normGradients = [.. norms.Select(norm => new double[norm.Length])];
        double actual = loss.Evaluate(
            stored.ReadDoubles("prediction"),
            norms,
            targets,
            predictionGradient,
            normGradients
        );
        yield return PredictorCases.Compare(stored.Case, $"{key}.loss", expected, actual, Exact);
        yield return stored.Compare($"{key}.prediction.grad", [.. predictionGradient.Select(value => (float)value)]);
        for (int m = 0; m < norms.Length; m++)
        {
            if (!stored.Holds($"{key}.hop{m}.embedding.grad"))
                continue;
            float[] embedding = stored.Read($"hop{m}.embedding"),
                gradient = new float[embedding.Length];
            int width = embedding.Length / targets.Length;
            for (int i = 0; i < gradient.Length; i++)
                gradient[i] = (float)(Math.Sign(embedding[i]) * normGradients[m][i / width]);
            yield return stored.Compare($"{key}.hop{m}.embedding.grad", gradient);
        }
    }

    private static double[] Norms(float[] embedding, int graphs)
    {
        int width = embedding.Length / graphs;
        double[] norms = new double[graphs];
        for (int i = 0; i < embedding.Length; i++)
            norms[i / width] += Math.Abs(embedding[i]);
        return norms;
    }

    private static VerificationResult Relative(StoredArrays stored, string array, double[] actual)
    {
        double[] expected = stored.ReadDoubles(array);
        double largest = Math.Max(1e-6, expected.Length == 0 ? 0 : expected.Max(Math.Abs));
        return Comparison.Of(stored.Case, array, expected, actual, Exact * largest);
    }
}
