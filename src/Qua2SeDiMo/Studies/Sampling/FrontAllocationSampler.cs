using Qua2SeDiMo.Quantizers;

namespace Qua2SeDiMo.Studies.Sampling;

/// <summary>
/// Random allocations first, then rounds that are proposed from the results of all trials before the round. A round
/// begins only when all earlier trials are finished (<see cref="RoundEnd"/>), so trial k is the same on any machine.
/// </summary>
/// <param name="first">Sampler of the trials before the first round.</param>
/// <param name="rule">Name of the rule of <paramref name="propose"/>, with its parameters.</param>
/// <param name="propose">Returns the allocations of a round, given the number of its first trial.</param>
internal sealed class FrontAllocationSampler(
    IAllocationSampler first,
    string rule,
    Func<int, IReadOnlyList<BitAllocation>> propose
) : IAllocationSampler
{
    /// <summary>Number of random trials before the first round: enough for ridge regression with size and error
    /// trends.</summary>
    public const int FirstCount = 32;

    /// <summary>Number of trials per round.</summary>
    public const int RoundCount = 8;

    private (int Start, IReadOnlyList<BitAllocation> Allocations) round = (-1, []);

    /// <inheritdoc/>
    public string Description =>
        $"{first.Description}; from trial {FirstCount} on rounds of {RoundCount} near the front, {rule}";

    /// <inheritdoc/>
    public int? Count => null;

    /// <summary>The end (exclusive) of the round that contains a trial, or of the random trials.</summary>
    public static int RoundEnd(int trialNumber) =>
        trialNumber < FirstCount ? FirstCount : RoundStart(trialNumber) + RoundCount;

    /// <inheritdoc/>
    public string NameOf(int trialNumber) =>
        trialNumber < FirstCount ? first.NameOf(trialNumber) : $"front-{trialNumber}";

    /// <inheritdoc/>
    public BitAllocation Sample(int trialNumber)
    {
        if (trialNumber < FirstCount)
            return first.Sample(trialNumber);
        int start = RoundStart(trialNumber);
        if (round.Start != start)
            round = (start, propose(start));
        return round.Allocations[trialNumber - start];
    }

    private static int RoundStart(int trialNumber) => trialNumber - ((trialNumber - FirstCount) % RoundCount);
}
