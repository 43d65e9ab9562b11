using Qua2SeDiMo.Numerics;
using Qua2SeDiMo.Quantizers;

namespace Qua2SeDiMo.Studies.Sampling;

/// <summary>
/// The paper's sampler (method.md, section 4): each trial draws p ~ U(0, 1); each weight takes the fewest bits with
/// probability p, and its method uniformly. The trials are spread evenly over average bits.
/// </summary>
/// <param name="space">Weights and options.</param>
/// <param name="seed">Trial k draws from stream k of this seed.</param>
internal sealed class RandomAllocationSampler(AllocationSpace space, ulong seed) : IAllocationSampler
{
    /// <inheritdoc/>
    public string Description => $"random, seed {seed}";

    /// <inheritdoc/>
    public int? Count => null;

    /// <inheritdoc/>
    public string NameOf(int trialNumber) => $"random-{trialNumber}";

    /// <inheritdoc/>
    public BitAllocation Sample(int trialNumber)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(trialNumber);
        var random = new Pcg32(seed, (ulong)trialNumber);
        double p = random.NextDouble();
        int[] choices = new int[space.WeightNames.Count];
        for (int weight = 0; weight < choices.Length; weight++)
        {
            IReadOnlyList<int> pool = random.NextDouble() < p ? space.MinBitsOptions : space.MoreBitsOptions;
            choices[weight] = pool[random.Next(pool.Count)];
        }
        return space.Allocation(choices);
    }
}
