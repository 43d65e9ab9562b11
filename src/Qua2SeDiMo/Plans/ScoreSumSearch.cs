using Qua2SeDiMo.Predictors.Data;

namespace Qua2SeDiMo.Plans;

/// <summary>Proposes the allocation with the largest summed score, which <see cref="PlanSearch"/> finds
/// exactly.</summary>
/// <param name="name">Name in keys and files.</param>
/// <param name="features">Sizes of every weight under every option.</param>
/// <param name="groups">Groups that contain every weight exactly once.</param>
internal sealed class ScoreSumSearch(string name, OptionFeatures features, IReadOnlyList<ScoredGroup> groups)
    : ICandidateSearch
{
    private readonly PlanOption[][] choices =
    [
        .. groups.Select(group =>
            group.Choices.Select(choice => new PlanOption(choice.SizeBytes, choice.Score)).ToArray()
        ),
    ];

    /// <inheritdoc/>
    public string Name => name;

    /// <summary>The front of summed score against size.</summary>
    /// <param name="mostPoints">See <see cref="PlanFront.Trace"/>.</param>
    /// <param name="cancellationToken">Cancels between groups.</param>
    public PlanFront Front(int mostPoints = PlanFront.MaxPoints, CancellationToken cancellationToken = default) =>
        PlanFront.Trace(choices, mostPoints, cancellationToken);

    /// <inheritdoc/>
    public PlanCandidate? Propose(long budgetBytes, CancellationToken cancellationToken = default)
    {
        if (PlanSearch.Choose(choices, budgetBytes, cancellationToken) is not { } chosen)
            return null;
        int[] options = new int[features.WeightCount];
        for (int g = 0; g < groups.Count; g++)
            groups[g].Apply(groups[g].Choices[chosen.Options[g]].Combination, features.OptionCount, options);
        return new PlanCandidate(options, chosen.SizeBytes, chosen.Score);
    }
}
