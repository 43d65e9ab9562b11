using Qua2SeDiMo.Quantizers;

namespace Qua2SeDiMo.Studies.Sampling;

/// <summary>Proposes the allocations of a study: trial k is the same whatever ran before it, on any machine.</summary>
internal interface IAllocationSampler
{
    /// <summary>Names the sampler and all its parameters; part of the study's settings.</summary>
    string Description { get; }

    /// <summary>Trials that it can propose; null if there is no limit.</summary>
    int? Count { get; }

    /// <summary>The allocation of a trial.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Negative, or not below <see cref="Count"/>.</exception>
    BitAllocation Sample(int trialNumber);

    /// <summary>What to call a trial in tables.</summary>
    string NameOf(int trialNumber);
}
