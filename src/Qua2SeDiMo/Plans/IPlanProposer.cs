namespace Qua2SeDiMo.Plans;

/// <summary>An allocation that somebody proposes for a budget.</summary>
/// <param name="Options">Option index of every weight.</param>
/// <param name="SizeBytes">Its bytes.</param>
/// <param name="Score">What the proposer thinks of it, in the proposer's own units; larger is better.</param>
public sealed record PlanProposal(IReadOnlyList<int> Options, long SizeBytes, double Score);

/// <summary>Proposes an allocation for any budget.</summary>
public interface IPlanProposer
{
    /// <summary>Name in keys and files, for instance <c>network</c>.</summary>
    string Name { get; }

    /// <summary>The best allocation within a budget that it can find.</summary>
    /// <param name="budgetBytes">Most bytes of the quantizable weights.</param>
    /// <param name="cancellationToken">Stops between steps.</param>
    /// <returns>Null when no allocation is small enough.</returns>
    PlanProposal? Propose(long budgetBytes, CancellationToken cancellationToken = default);
}
