using Qua2SeDiMo.Numerics;
using Qua2SeDiMo.Quantizers;

namespace Qua2SeDiMo.Studies.Sampling;

/// <summary>
/// Random allocations of nearly equal size, so that their ranking contains information beyond average bits. Options are
/// drawn as by <see cref="RandomAllocationSampler"/>, with the p whose expected size is the target; then random weights
/// are redrawn, and a redraw is kept if it brings the size closer to the target.
/// </summary>
internal sealed class FixedSizeAllocationSampler : IAllocationSampler
{
    /// <summary>Redrawing stops at this difference from the target, in average bits; models of few large weights may
    /// not reach it.</summary>
    public const double ToleranceBits = 0.002;

    private const int RedrawsPerWeight = 200;

    private readonly AllocationSpace space;
    private readonly double averageBits;
    private readonly ulong seed;

    /// <summary>Creates the sampler.</summary>
    /// <param name="space">Weights and options.</param>
    /// <param name="averageBits">Target AverageBits, palettes, scales and zero points included.</param>
    /// <param name="seed">Trial k draws from stream k of this seed.</param>
    /// <exception cref="AllocationSizeException">The target is outside the range of the space's allocations; the
    /// message gives the range.</exception>
    public FixedSizeAllocationSampler(AllocationSpace space, double averageBits, ulong seed)
    {
        ArgumentNullException.ThrowIfNull(space);
        int[] options = [.. Enumerable.Range(0, space.Options.Count)];
        int[] weights = [.. Enumerable.Range(0, space.WeightNames.Count)];
        double least = space.AverageBits(weights.Sum(weight => options.Min(option => space.SizeBytes(weight, option))));
        double most = space.AverageBits(weights.Sum(weight => options.Max(option => space.SizeBytes(weight, option))));
        if (!(averageBits >= least && averageBits <= most))
            throw AllocationSizeException.For(averageBits, least, most);
        this.space = space;
        this.averageBits = averageBits;
        this.seed = seed;
    }

    /// <inheritdoc/>
    public string Description => FormattableString.Invariant($"random at {averageBits} average bits, seed {seed}");

    /// <inheritdoc/>
    public int? Count => null;

    /// <inheritdoc/>
    public string NameOf(int trialNumber) => FormattableString.Invariant($"random-{averageBits}-bits-{trialNumber}");

    /// <inheritdoc/>
    public BitAllocation Sample(int trialNumber)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(trialNumber);
        var random = new Pcg32(seed, (ulong)trialNumber);
        double p = ProbabilityOfFewestBits();
        int[] choices = new int[space.WeightNames.Count];
        long size = 0;
        for (int weight = 0; weight < choices.Length; weight++)
        {
            IReadOnlyList<int> pool = random.NextDouble() < p ? space.MinBitsOptions : space.MoreBitsOptions;
            choices[weight] = pool[random.Next(pool.Count)];
            size += space.SizeBytes(weight, choices[weight]);
        }
        for (int redraw = 0; redraw < RedrawsPerWeight * choices.Length && Distance(size) > ToleranceBits; redraw++)
        {
            int weight = random.Next(choices.Length),
                option = random.Next(space.Options.Count);
            long changed = size - space.SizeBytes(weight, choices[weight]) + space.SizeBytes(weight, option);
            if (Distance(changed) >= Distance(size))
                continue;
            (choices[weight], size) = (option, changed);
        }
        return space.Allocation(choices);
    }

    private double Distance(long size) => Math.Abs(space.AverageBits(size) - averageBits);

    // Expected average bits are linear in p.
    private double ProbabilityOfFewestBits()
    {
        double few = ExpectedBits(space.MinBitsOptions),
            many = ExpectedBits(space.MoreBitsOptions);
        return few == many ? 0.5 : Math.Clamp((many - averageBits) / (many - few), 0, 1);
    }

    private double ExpectedBits(IReadOnlyList<int> pool) =>
        Enumerable
            .Range(0, space.WeightNames.Count)
            .Sum(weight => pool.Average(option => space.AverageBits(space.SizeBytes(weight, option))));
}
