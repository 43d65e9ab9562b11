namespace Qua2SeDiMo.Plans;

/// <summary>The allocation that a search found for a budget.</summary>
/// <param name="Options">Option index of every weight.</param>
/// <param name="SizeBytes">Bytes of the quantizable weights.</param>
/// <param name="Score">Its score, in the search's own units; larger is better.</param>
internal sealed record PlanCandidate(IReadOnlyList<int> Options, long SizeBytes, double Score)
{
    /// <summary>Bits of the input of every weight's layers, 16 for those that are not rounded; empty where none
    /// is.</summary>
    internal IReadOnlyList<int> Activations { get; init; } = [];
}

/// <summary>Searches for a good allocation within a budget.</summary>
internal interface ICandidateSearch
{
    /// <summary>Name in messages and benchmarks, for instance <c>network</c>.</summary>
    string Name { get; }

    /// <summary>Proposes the best allocation within a budget that the search can find.</summary>
    /// <param name="budgetBytes">Largest number of bytes of the quantizable weights.</param>
    /// <param name="cancellationToken">Cancels between steps.</param>
    /// <returns>The allocation; null when none is small enough.</returns>
    PlanCandidate? Propose(long budgetBytes, CancellationToken cancellationToken = default);
}
