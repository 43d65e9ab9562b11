using Qua2SeDiMo.Quantizers;

namespace Qua2SeDiMo.Studies.Sampling;

/// <summary>Proposes the allocations of a study. Trial k is the same on any machine and in any order of
/// calls.</summary>
internal interface IAllocationSampler
{
    /// <summary>Name of the sampler with all its parameters; part of the study's settings.</summary>
    string Description { get; }

    /// <summary>Number of trials that the sampler can propose; null if unlimited.</summary>
    int? Count { get; }

    /// <summary>The allocation of a trial.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The number is negative, or not below
    /// <see cref="Count"/>.</exception>
    BitAllocation Sample(int trialNumber);

    /// <summary>Display name of a trial.</summary>
    string NameOf(int trialNumber);
}
