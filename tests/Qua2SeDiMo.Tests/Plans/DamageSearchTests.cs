using Qua2SeDiMo.Numerics;
using Qua2SeDiMo.Plans;
using Qua2SeDiMo.Predictors.Data;
using Xunit;

namespace Qua2SeDiMo.Tests.Plans;

public sealed class DamageSearchTests
{
    private const int Weights = 6,
        Options = 3,
        Images = 4;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void A_proposal_is_nearly_the_best_of_all_mixtures(ulong seed)
    {
        (OptionFeatures features, double[][] damages) = Problem(seed);
        var search = new DamageSearch("measured", features, damages);
        foreach (long budget in (long[])[45, 60, 80])
        {
            PlanCandidate found = search.Propose(budget)!;

            double best = All()
                .Where(options => features.TotalBytes(options) <= budget)
                .Max(options => Score(damages, options));
            Assert.True(features.TotalBytes([.. found.Options]) <= budget);
            Assert.Equal(Score(damages, [.. found.Options]), found.Score, 9);
            Assert.InRange(found.Score, best - 0.1, best + 1e-9);
        }
    }

    [Fact]
    public void Damages_of_any_size_are_searched_alike()
    {
        (OptionFeatures features, double[][] damages) = Problem(4);
        double[][] large = [.. damages.Select(own => own.Select(damage => 1e12 * damage).ToArray())];

        Assert.Equal(
            new DamageSearch("a", features, damages).Propose(60)!.Options,
            new DamageSearch("a", features, large).Propose(60)!.Options
        );
    }

    [Fact]
    public void Losses_add_up()
    {
        (OptionFeatures features, double[][] damages) = Problem(5);

        PlanCandidate found = new DamageSearch("a", features, damages, isLogarithmic: false).Propose(60)!;

        double Loss(int[] options) =>
            damages.Average(own => options.Select((option, weight) => own[(weight * Options) + option]).Sum());
        Assert.Equal(All().Where(options => features.TotalBytes(options) <= 60).Min(Loss), -found.Score, 9);
    }

    [Fact]
    public void Nothing_is_proposed_below_the_smallest_size() =>
        Assert.Null(new DamageSearch("a", Problem(1).Features, Problem(1).Damages).Propose(5));

    private static double Score(double[][] damages, int[] options) =>
        -damages.Average(own => Math.Log(options.Select((option, weight) => own[(weight * Options) + option]).Sum()));

    private static (OptionFeatures Features, double[][] Damages) Problem(ulong seed)
    {
        var random = new Pcg32(seed);
        OptionCode[] codes = [.. Enumerable.Range(0, Options).Select(option => new OptionCode($"o{option}", 1, 1))];
        long[] sizes =
        [
            .. Enumerable
                .Range(0, Weights)
                .SelectMany(_ => Enumerable.Range(1, Options).Select(option => (long)(4 * option) + random.Next(4))),
        ];
        var features = new OptionFeatures(
            codes,
            [.. Enumerable.Repeat(64L, Weights)],
            sizes,
            [.. sizes.Select(size => 1.0 / size)],
            16
        );
        double[][] damages =
        [
            .. Enumerable
                .Range(0, Images)
                .Select(image => sizes.Select(size => Math.Exp(image + random.NextNormal()) / (size * size)).ToArray()),
        ];
        return (features, damages);
    }

    private static IEnumerable<int[]> All()
    {
        int count = (int)Math.Pow(Options, Weights);
        for (int code = 0; code < count; code++)
        {
            int rest = code;
            yield return
            [
                .. Enumerable
                    .Range(0, Weights)
                    .Select(_ =>
                    {
                        int option = rest % Options;
                        rest /= Options;
                        return option;
                    }),
            ];
        }
    }
}
