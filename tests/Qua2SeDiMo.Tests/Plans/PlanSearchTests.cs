using CsCheck;
using Qua2SeDiMo.Numerics;
using Qua2SeDiMo.Plans;
using Qua2SeDiMo.Tests.Verification;
using Qua2SeDiMo.Verification;
using Xunit;
using Xunit.Abstractions;

namespace Qua2SeDiMo.Tests.Plans;

public sealed class PlanSearchTests(ITestOutputHelper output)
{
    private static readonly Gen<PlanOption[][]> Groups = Gen.Select(
            Gen.Int[0, 12],
            Gen.Int[-8, 8],
            (size, score) => new PlanOption(size, score / 4.0)
        )
        .Array[1, 4]
        .Array[1, 6];

    [Fact]
    public void Golden_instances_reach_their_optimum() =>
        VerificationAssert.AllPass(AllocateCases.Verify(RepositoryFiles.Golden("allocate")), output);

    [Fact]
    public void The_choice_is_the_best_of_all_choices() =>
        Gen.Select(Groups, Gen.Int[0, 60])
            .Sample(
                (groups, budget) =>
                {
                    PlanChoice? choice = PlanSearch.Choose(groups, budget);
                    double best = double.NegativeInfinity;
                    foreach (int[] options in All(groups))
                    {
                        if (options.Select((option, g) => groups[g][option].SizeBytes).Sum() <= budget)
                        {
                            best = Math.Max(best, options.Select((option, g) => groups[g][option].Score).Sum());
                        }
                    }
                    if (double.IsNegativeInfinity(best))
                        return choice is null && PlanSearch.SmallestSizeBytes(groups) > budget;
                    return choice is not null
                        && choice.SizeBytes <= budget
                        && Math.Abs(choice.Score - best) < 1e-9
                        && choice.Options.Select((option, g) => groups[g][option].SizeBytes).Sum() == choice.SizeBytes;
                },
                iter: 2000
            );

    [Fact]
    public void Eight_hundred_weights_of_real_sizes_are_chosen_to_the_byte()
    {
        var random = new Pcg32(7);
        PlanOption[][] groups =
        [
            .. Enumerable
                .Range(0, 800)
                .Select(_ =>
                {
                    long parameters = 1152L * (1152 + (128 * random.Next(28)));
                    return Enumerable
                        .Range(0, 6)
                        .Select(option => new PlanOption(
                            (parameters * (option % 2 == 0 ? 4 : 3) / 8) + random.Next(40_000),
                            random.NextNormal() + (option % 2 == 0 ? 1 : 0)
                        ))
                        .ToArray();
                }),
        ];
        long budget = (long)(groups.Sum(group => group.Average(option => (double)option.SizeBytes)) * 0.97);
        PlanChoice choice = PlanSearch.Choose(groups, budget)!;
        Assert.InRange(choice.SizeBytes, budget - 10_000, budget);
    }

    [Theory]
    [InlineData("3.75", 3.75, null)]
    [InlineData("1900000B", null, 1_900_000L)]
    [InlineData("1.9MB", null, 1_900_000L)]
    [InlineData("2 KiB", null, 2048L)]
    public void A_budget_is_read_in_bits_or_bytes(string text, double? bits, long? bytes) =>
        Assert.Equal(new BitBudget(bits, bytes), BitBudget.Parse(text));

    [Theory]
    [InlineData("")]
    [InlineData("-3")]
    [InlineData("many")]
    [InlineData("NaN")]
    [InlineData("MB")]
    public void Anything_else_is_refused(string text) => Assert.Throws<FormatException>(() => BitBudget.Parse(text));

    private static IEnumerable<int[]> All(PlanOption[][] groups)
    {
        int[] options = new int[groups.Length];
        while (true)
        {
            yield return [.. options];
            int g = 0;
            while (g < groups.Length && ++options[g] == groups[g].Length)
                options[g++] = 0;
            if (g == groups.Length)
                yield break;
        }
    }
}
