using System.Security.Cryptography;
using System.Text;
using Qua2SeDiMo.Quantizers;

namespace Qua2SeDiMo.Studies.Sampling;

/// <summary>Proposes given allocations in their order.</summary>
/// <param name="allocations">Name and allocation of each trial.</param>
/// <param name="description">Identity of the list; null to derive one from its content.</param>
internal sealed class ListedAllocationSampler(
    IReadOnlyList<(string Name, BitAllocation Allocation)> allocations,
    string? description = null
) : IAllocationSampler
{
    /// <inheritdoc/>
    public string Description { get; } = description ?? $"list of {allocations.Count}, {Digest(allocations)}";

    /// <summary>Whether the description was given by the caller. Several callers may then add to the list in any
    /// order.</summary>
    public bool IsShared { get; } = description is not null;

    /// <inheritdoc/>
    public int? Count => allocations.Count;

    /// <inheritdoc/>
    public string NameOf(int trialNumber) => allocations[trialNumber].Name;

    /// <inheritdoc/>
    public BitAllocation Sample(int trialNumber)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(trialNumber);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(trialNumber, allocations.Count);
        return allocations[trialNumber].Allocation;
    }

    private static string Digest(IReadOnlyList<(string Name, BitAllocation Allocation)> allocations)
    {
        string text = string.Join('\n', allocations.Select(entry => $"{entry.Name} {entry.Allocation.ToJson()}"));
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)))[..16];
    }
}
