using CsCheck;
using Qua2SeDiMo.Graphs.Ir;
using Qua2SeDiMo.Kernels.Codes;
using Qua2SeDiMo.Quantizers;
using Qua2SeDiMo.Studies.Sampling;
using Xunit;

namespace Qua2SeDiMo.Tests.Studies;

public sealed class AllocationSamplerTests
{
    private static readonly (string Name, long ElementCount, int OutChannels)[] Weights =
    [
        .. Enumerable.Range(0, 60).Select(i => ($"layer.{i}", 192L * 192 * (1 + (i % 4)), 192 * (1 + (i % 4)))),
    ];

    private static readonly AllocationSpace Space = new(Weights, 16);

    [Fact]
    public void A_trial_is_the_same_whatever_was_drawn_before()
    {
        var sampler = new RandomAllocationSampler(Space, 42);
        BitAllocation later = sampler.Sample(7);
        Assert.NotEqual(later, sampler.Sample(8));
        Assert.Equal(later, new RandomAllocationSampler(Space, 42).Sample(7));
        Assert.NotEqual(later, new RandomAllocationSampler(Space, 43).Sample(7));
    }

    [Fact]
    public void Random_trials_use_all_options_and_spread_over_sizes()
    {
        var sampler = new RandomAllocationSampler(Space, 42);
        List<BitAllocation> trials = [.. Enumerable.Range(0, 200).Select(sampler.Sample)];
        List<QuantizerSpec> options = [.. trials.SelectMany(trial => trial.Specs.Values)];
        foreach (QuantizerSpec option in QuantizerSpec.PaperOptions)
            Assert.InRange(options.Count(chosen => chosen == option), 1700, 2300);
        double[] shares = [.. trials.Select(trial => trial.Specs.Values.Count(spec => spec.Bits == 3) / 60.0)];
        Assert.InRange(shares.Count(share => share < 0.25), 30, 70);
        Assert.InRange(shares.Count(share => share > 0.75), 30, 70);
    }

    [Theory]
    [InlineData(3.3)]
    [InlineData(3.75)]
    [InlineData(4.2)]
    public void Fixed_size_trials_hit_the_target_and_differ(double target)
    {
        var sampler = new FixedSizeAllocationSampler(Space, target, 42);
        List<BitAllocation> trials = [.. Enumerable.Range(0, 50).Select(sampler.Sample)];
        QuantizableWeight[] weights =
        [
            .. Weights.Select(weight => new QuantizableWeight(
                weight.Name,
                WeightOperator.Linear,
                [weight.OutChannels, weight.ElementCount / weight.OutChannels],
                weight.Name,
                0,
                weight.ElementCount / weight.OutChannels
            )),
        ];
        Assert.All(
            trials,
            trial => Assert.Equal(target, trial.AverageBits(weights, 16), FixedSizeAllocationSampler.ToleranceBits)
        );
        Assert.Equal(50, trials.Distinct().Count());
        Assert.Equal(trials[3], sampler.Sample(3));
    }

    [Fact]
    public void A_size_that_no_allocation_has_is_refused_with_the_limits() =>
        Assert.Contains(
            "average bits",
            Assert.Throws<AllocationSizeException>(() => new FixedSizeAllocationSampler(Space, 2.9, 1)).Message,
            StringComparison.Ordinal
        );

    [Fact]
    public void The_space_counts_bytes_as_allocations_do() =>
        Gen.Int[0, 5]
            .Array[60]
            .Sample(
                choices =>
                {
                    BitAllocation allocation = Space.Allocation(choices);
                    long size = choices.Select((option, weight) => Space.SizeBytes(weight, option)).Sum();
                    long expected = Weights.Sum(weight =>
                        allocation[weight.Name]!.SizeBytes(weight.ElementCount, weight.OutChannels, 16)
                    );
                    Assert.Equal(expected, size);
                },
                iter: 50
            );

    [Fact]
    public void The_description_of_a_list_changes_with_the_list()
    {
        BitAllocation allocation = new RandomAllocationSampler(Space, 1).Sample(0);
        Assert.NotEqual(
            new ListedAllocationSampler([("a", allocation)]).Description,
            new ListedAllocationSampler([("b", allocation)]).Description
        );
    }
}
