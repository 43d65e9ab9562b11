using CsCheck;
using Qua2SeDiMo.Numerics;
using Qua2SeDiMo.Plans;
using Qua2SeDiMo.Predictors.Data;
using Xunit;

namespace Qua2SeDiMo.Tests.Plans;

public sealed class PredictionSearchTests
{
    private const int Weights = 7;

    [Fact]
    public void A_prediction_that_is_a_sum_leads_to_its_exact_optimum() =>
        Gen.Int[0, 1000]
            .Sample(
                seed =>
                {
                    (OptionFeatures features, double[] effects) = Random((ulong)seed);
                    long budget = Budget(features);
                    var exact = new ScoreSumSearch(
                        "sum",
                        features,
                        ScoredGroup.PerWeight(features, (w, o) => effects[(w * 3) + o])
                    );
                    var search = new PredictionSearch(
                        "search",
                        features,
                        all => [.. all.Select(options => options.Select((o, w) => effects[(w * 3) + o]).Sum())],
                        [Smallest(features)]
                    );
                    return Math.Abs(search.Propose(budget)!.Score - exact.Propose(budget)!.Score) < 1e-9;
                },
                iter: 200
            );

    [Fact]
    public void What_is_found_fits_and_is_predicted_no_worse_than_where_the_search_started() =>
        Gen.Int[0, 1000]
            .Sample(
                seed =>
                {
                    (OptionFeatures features, double[] effects) = Random((ulong)seed);
                    long budget = Budget(features);
                    double Predict(IReadOnlyList<int> options) =>
                        Math.Sin(options.Select((o, w) => effects[(w * 3) + o]).Sum())
                        + (effects[options[0]] * effects[3 + options[1]]);
                    ScoreSumSearch start = Smallest(features);
                    PlanCandidate found = new PredictionSearch(
                        "search",
                        features,
                        all => [.. all.Select(Predict)],
                        [start]
                    ).Propose(budget)!;
                    return found.SizeBytes <= budget
                        && features.TotalBytes([.. found.Options]) == found.SizeBytes
                        && found.Score == Predict(found.Options)
                        && found.Score >= Predict(start.Propose(budget)!.Options);
                },
                iter: 200
            );

    [Fact]
    public void Nothing_is_proposed_for_a_budget_below_the_smallest_allocation()
    {
        (OptionFeatures features, _) = Random(1);
        Assert.Null(
            new PredictionSearch("search", features, all => new double[all.Count], [Smallest(features)]).Propose(1)
        );
    }

    private static ScoreSumSearch Smallest(OptionFeatures features) =>
        new("smallest", features, ScoredGroup.PerWeight(features, (w, o) => -features.QuantizedBytes(w, o)));

    private static long Budget(OptionFeatures features) =>
        Enumerable.Range(0, Weights).Sum(w => (features.QuantizedBytes(w, 0) + features.QuantizedBytes(w, 1)) / 2);

    private static (OptionFeatures Features, double[] Effects) Random(ulong seed)
    {
        var random = new Pcg32(seed);
        var features = new OptionFeatures(
            [new("uaq-4", 1, 1), new("uaq-3", 1, 2), new("kmeans-a-3", 3, 2)],
            [.. Enumerable.Repeat(1000L, Weights)],
            [.. Enumerable.Range(0, Weights * 3).Select(i => (i % 3 == 0 ? 250L : 190L) + random.Next(20))],
            new double[Weights * 3],
            16
        );
        return (features, [.. Enumerable.Range(0, Weights * 3).Select(_ => random.NextNormal())]);
    }
}
