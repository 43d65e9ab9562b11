using Qua2SeDiMo.Quantizers;
using Qua2SeDiMo.Studies.Sampling;
using Xunit;

namespace Qua2SeDiMo.Tests.Studies;

public class FrontAllocationSamplerTests
{
    private static readonly AllocationSpace Space = new([("a", 4096, 64), ("b", 8192, 64)], 16);

    [Fact]
    public void The_first_trials_are_those_of_the_random_sampler()
    {
        var random = new RandomAllocationSampler(Space, 5);
        var front = new FrontAllocationSampler(
            random,
            "rule",
            _ => throw new InvalidOperationException("No round yet.")
        );
        for (int k = 0; k < FrontAllocationSampler.FirstCount; k++)
        {
            Assert.Equal(random.Sample(k).ToJson(), front.Sample(k).ToJson());
            Assert.Equal(FrontAllocationSampler.FirstCount, FrontAllocationSampler.RoundEnd(k));
        }
    }

    [Fact]
    public void A_round_is_proposed_once_from_its_first_trial_on()
    {
        var starts = new List<int>();
        BitAllocation[] round =
        [
            .. Enumerable
                .Range(0, FrontAllocationSampler.RoundCount)
                .Select(i => Space.Allocation([i % 6, (i + 1) % 6])),
        ];
        var front = new FrontAllocationSampler(
            new RandomAllocationSampler(Space, 5),
            "rule",
            start =>
            {
                starts.Add(start);
                return round;
            }
        );
        int first = FrontAllocationSampler.FirstCount,
            count = FrontAllocationSampler.RoundCount;
        for (int k = first; k < first + (2 * count); k++)
        {
            Assert.Equal(round[(k - first) % count].ToJson(), front.Sample(k).ToJson());
            Assert.Equal(k < first + count ? first + count : first + (2 * count), FrontAllocationSampler.RoundEnd(k));
        }
        Assert.Equal([first, first + count], starts);
    }
}
