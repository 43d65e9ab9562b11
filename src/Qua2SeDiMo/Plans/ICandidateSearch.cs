namespace Qua2SeDiMo.Plans;

/// <summary>An allocation that a search found for a budget.</summary>
/// <param name="Options">Option index of every weight.</param>
/// <param name="SizeBytes">Its bytes.</param>
/// <param name="Score">Its score, in the search's own units; larger is better.</param>
internal sealed record PlanCandidate(IReadOnlyList<int> Options, long SizeBytes, double Score);

/// <summary>Finds a good allocation for any budget.</summary>
internal interface ICandidateSearch
{
    /// <summary>Name in messages and benchmarks, for instance <c>network</c>.</summary>
    string Name { get; }

    /// <summary>The best allocation within a budget that it can find.</summary>
    /// <param name="budgetBytes">Most bytes of the quantizable weights.</param>
    /// <param name="cancellationToken">Stops between steps.</param>
    /// <returns>Null when no allocation is small enough.</returns>
    PlanCandidate? Propose(long budgetBytes, CancellationToken cancellationToken = default);
}
