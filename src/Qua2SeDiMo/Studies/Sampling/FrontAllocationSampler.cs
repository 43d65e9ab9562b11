using Qua2SeDiMo.Quantizers;

namespace Qua2SeDiMo.Studies.Sampling;

/// <summary>
/// Random allocations first, then rounds that are proposed from the results of all trials before the round. Trial k is
/// the same on any machine, because a round begins only when everything before it is finished: see
/// <see cref="RoundEnd"/>.
/// </summary>
/// <param name="first">Proposes the trials before the first round.</param>
/// <param name="rule">Names the rule behind <paramref name="propose"/> and its parameters.</param>
/// <param name="propose">Allocations of the round that begins at a trial.</param>
internal sealed class FrontAllocationSampler(
    IAllocationSampler first,
    string rule,
    Func<int, IReadOnlyList<BitAllocation>> propose
) : IAllocationSampler
{
    /// <summary>Random trials in front of the first round: enough for a regression around sizes and errors.</summary>
    public const int FirstCount = 32;

    /// <summary>Trials per round.</summary>
    public const int RoundCount = 8;

    private (int Start, IReadOnlyList<BitAllocation> Allocations) round = (-1, []);

    /// <inheritdoc/>
    public string Description =>
        $"{first.Description}; from trial {FirstCount} on rounds of {RoundCount} near the front, {rule}";

    /// <inheritdoc/>
    public int? Count => null;

    /// <summary>The end (exclusive) of the round that a trial is in, or of the random trials.</summary>
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
