using Qua2SeDiMo.Models;
using Qua2SeDiMo.Plans;
using Qua2SeDiMo.Predictors;

namespace Qua2SeDiMo.Stages;

/// <summary>What a proposal is the best of.</summary>
public enum PlanLevel
{
    /// <summary>The summed scores of single weights.</summary>
    Op,
    /// <summary>The summed scores of units: each unit's option set is scored as one.</summary>
    Block,
    /// <summary>The predicted label of the allocation as a whole.</summary>
    Whole,
}

/// <summary>Somebody who proposes plans.</summary>
/// <param name="Model">Whose numbers: a name of <see cref="ModelNames"/>.</param>
/// <param name="Level">What is maximised.</param>
/// <param name="Search">How.</param>
public sealed record PlanProposer(string Model, PlanLevel Level, IPlanProposer Search)
{
    /// <summary>Name in keys and files, for instance <c>network-block</c>.</summary>
    public string Name => NameOf(Model, Level);

    /// <summary>Name in keys and files; op level goes without saying.</summary>
    public static string NameOf(string model, PlanLevel? level) => model == ModelNames.Blend ? "blend" : level is null or PlanLevel.Op ? model : $"{model}-{level.Value.ToString().ToLowerInvariant()}";

    /// <summary>Name in sentences; null stands for the model at any level.</summary>
    public static string LabelOf(string model, PlanLevel? level = null) => (model, level) switch
    {
        (ModelNames.Network, PlanLevel.Block) => "the network, block level",
        (ModelNames.Network, PlanLevel.Whole) => "the network, whole allocation",
        (ModelNames.Network, PlanLevel.Op) => "the network, op level",
        (ModelNames.Network, _) => "the network",
        (ModelNames.Blend, _) => "network and ridge together",
        _ => "ridge regression",
    };
}

/// <summary>Everybody who proposes plans from some fitted models.</summary>
public static class PlanProposers
{
    /// <summary>Proposers; their networks must live until the last proposal.</summary>
    /// <param name="study">Graph, sizes and labelled trials.</param>
    /// <param name="sensitivity">Scores of single weights.</param>
    /// <param name="folds">Networks; none where none were trained.</param>
    /// <param name="units">Subgraphs for block level.</param>
    /// <param name="model">Only this model's proposals; null for those of all.</param>
    /// <param name="level">Only this level; null leaves out what others were measured to beat: the network's whole allocations, unless its proposals are asked for.</param>
    /// <param name="cancellationToken">Stops between units.</param>
    /// <exception cref="ModelFolderException">Nobody is left.</exception>
    public static IReadOnlyList<PlanProposer> Of(PredictorStudy study, SensitivityRecord sensitivity, IReadOnlyList<Predictor> folds, IReadOnlyList<PredictorUnit> units,
        string? model = null, PlanLevel? level = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(study);
        ArgumentNullException.ThrowIfNull(sensitivity);
        ArgumentNullException.ThrowIfNull(folds);
        OptionFeatures features = study.Features;
        ScoreSumProposer Sum(string name) => new(name, features, ScoredGroup.PerWeight(features, (w, o) => sensitivity.By(name).Weights[w].Scores[o]));
        bool Wanted(string name, PlanLevel at) => (model is null || model == name) && (level is null || level == at);
        var proposers = new List<PlanProposer>();
        if (folds.Count > 0 && sensitivity.Network is not null)
        {
            Func<IReadOnlyList<IReadOnlyList<int>>, IReadOnlyList<double>> network = PredictionSearch.OfFolds(study.Topology, features, folds);
            IPlanProposer[] starts = [Sum(ModelNames.Ridge), Sum(ModelNames.Network)];
            if (Wanted(ModelNames.Network, PlanLevel.Op)) proposers.Add(new PlanProposer(ModelNames.Network, PlanLevel.Op, starts[1]));
            if (Wanted(ModelNames.Network, PlanLevel.Block))
            {
                proposers.Add(new PlanProposer(ModelNames.Network, PlanLevel.Block,
                    new ScoreSumProposer("network-block", features, BlockGroups.Build(study.Topology, features, folds, units, cancellationToken))));
            }
            if (Wanted(ModelNames.Network, PlanLevel.Whole) && (model is not null || level is not null))
            {
                proposers.Add(new PlanProposer(ModelNames.Network, PlanLevel.Whole, new PredictionSearch("network-whole", features, network, starts)));
            }
            if (Wanted(ModelNames.Blend, PlanLevel.Whole))
            {
                RidgeModel ridge = RidgeRegression.Fit(features, [.. study.Trials.Select(trial => trial.Options)], [.. study.Trials.Select(trial => trial.Target)], trends: true);
                proposers.Add(new PlanProposer(ModelNames.Blend, PlanLevel.Whole,
                    new PredictionSearch("blend", features, allocations => [.. network(allocations).Zip(allocations.Select(ridge.Predict), (a, b) => (a + b) / 2)], starts)));
            }
        }
        if (Wanted(ModelNames.Ridge, PlanLevel.Op)) proposers.Add(new PlanProposer(ModelNames.Ridge, PlanLevel.Op, Sum(ModelNames.Ridge)));
        if (proposers.Count > 0) return proposers;
        throw new ModelFolderException($"Nobody proposes plans by {model ?? "any model"} at {level?.ToString().ToLowerInvariant() ?? "any"} level here: ridge regression has op level only, "
            + $"{ModelNames.Blend} whole allocations only, and the network needs `q2 fit` with a network. Leave out --predictor or --level.");
    }
}
