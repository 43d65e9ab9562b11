using Qua2SeDiMo.Numerics;
using Qua2SeDiMo.Plans;
using Qua2SeDiMo.Predictors.Data;
using Xunit;

namespace Qua2SeDiMo.Tests.Plans;

/// <summary>Weights and inputs of layers under one budget of bytes and one of bit operations.</summary>
public sealed class OperationSearchTests
{
    private const int Weights = 5,
        Images = 3;
    private static readonly int[] Bits = [16, 8, 4];
    private static readonly OptionCode[] Options = [new("uaq-3", 1, 2), new("uaq-4", 1, 1), new("kmeans-c-4", 2, 1)];

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void Bounded_plans_keep_both_budgets_and_are_near_the_best_of_all(ulong seed)
    {
        JointOptions layers = Problem(seed);
        (double least, double most) = (
            Operations(layers, joint => joint == 2),
            Operations(layers, joint => joint == 6)
        );
        const long bytes = 66;
        foreach (double share in (double[])[0.1, 0.3, 0.6, 0.9])
        {
            double bound = least + (share * (most - least));

            PlanCandidate found = new OperationSearch("a", layers, bound).Propose(bytes)!;

            int[] joint =
            [
                .. found.Options.Zip(
                    found.Activations,
                    (option, bits) => (option * Bits.Length) + Array.IndexOf(Bits, bits)
                ),
            ];
            Assert.InRange(layers.Operations(joint), least, bound);
            Assert.InRange(found.SizeBytes, 1, bytes);
            Assert.Equal(layers.Features.TotalBytes([.. found.Options]), found.SizeBytes);
            Assert.Equal(Score(layers.Damages(), joint), found.Score, 9);
            double best = Best(layers, bytes, bound);
            Assert.InRange(found.Score, best - 0.5, best + 1e-9);
        }
    }

    [Fact]
    public void Without_a_need_no_input_is_rounded_and_weights_are_those_of_plans_without_a_bound()
    {
        JointOptions layers = Problem(7);

        PlanCandidate found = new OperationSearch("a", layers, 1e12).Propose(66)!;

        Assert.All(found.Activations, bits => Assert.Equal(16, bits));
        Assert.Equal(new DamageSearch("a", layers.Features, layers.WeightDamages).Propose(66)!.Options, found.Options);
    }

    [Fact]
    public void A_bound_that_nothing_keeps_is_named_with_the_least_there_is()
    {
        PlanException error = Assert.Throws<PlanException>(() => new OperationSearch("a", Problem(1), 10).Propose(66));

        Assert.Contains("bit operations", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Too_few_bytes_are_no_matter_of_bit_operations() =>
        Assert.Null(new OperationSearch("a", Problem(1), 1e12).Propose(5));

    private static double Operations(JointOptions layers, Func<int, bool> option) =>
        layers.Operations([
            .. Enumerable.Range(0, Weights).Select(_ => Enumerable.Range(0, layers.Count).First(option)),
        ]);

    private static double Best(JointOptions layers, long bytes, double bound)
    {
        double best = double.NegativeInfinity;
        IReadOnlyList<double[]> damages = layers.Damages();
        int[] joint = new int[Weights];
        int count = (int)Math.Pow(layers.Count, Weights);
        for (int i = 0; i < count; i++)
        {
            int rest = i;
            for (int weight = 0; weight < Weights; weight++)
                (rest, joint[weight]) = Math.DivRem(rest, layers.Count);
            int[] options = [.. joint.Select(one => layers.Split(one).Option)];
            if (layers.Features.TotalBytes(options) <= bytes && layers.Operations(joint) <= bound)
                best = Math.Max(best, Score(damages, joint));
        }
        return best;
    }

    private static double Score(IReadOnlyList<double[]> damages, int[] joint) =>
        -damages.Average(own =>
            Math.Log(joint.Select((option, weight) => own[(weight * (own.Length / Weights)) + option]).Sum())
        );

    private static JointOptions Problem(ulong seed)
    {
        var random = new Pcg32(seed);
        long[] counts = [.. Enumerable.Range(0, Weights).Select(_ => 10L + random.Next(90))];
        double[] Damages(double[] falling) =>
            [
                .. Enumerable
                    .Range(0, Weights)
                    .SelectMany(_ =>
                    {
                        double size = Math.Exp(random.NextNormal());
                        return falling.Select(part => size * part * Math.Exp(0.3 * random.NextNormal()));
                    }),
            ];
        var features = new OptionFeatures(
            Options,
            [.. Enumerable.Repeat(64L, Weights)],
            [.. Enumerable.Repeat(new long[] { 11, 14, 18 }, Weights).SelectMany(sizes => sizes)],
            [.. Enumerable.Repeat(1.0, Weights * Options.Length)],
            16
        );
        return new JointOptions(
            features,
            counts,
            Bits,
            [.. Enumerable.Range(0, Images).Select(_ => Damages([1, 0.25, 0.15]))],
            [.. Enumerable.Range(0, Images).Select(_ => Damages([0, 0.01, 0.6]))]
        );
    }
}
