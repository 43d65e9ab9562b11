using Qua2SeDiMo.Predictors.Baselines;
using Qua2SeDiMo.Predictors.Data;
using Qua2SeDiMo.Predictors.Evaluation;
using Qua2SeDiMo.Predictors.Training;
using Qua2SeDiMo.Sensitivity;

namespace Qua2SeDiMo.Plans;

/// <summary>A source of candidate plans.</summary>
/// <param name="Scores">What is maximised.</param>
/// <param name="Search">How.</param>
internal sealed record PlanSource(ScoreModel Scores, ICandidateSearch Search);

/// <summary>The sources of candidate plans that some fitted models give.</summary>
internal sealed class PlanSources
{
    private readonly TrainingSet study;
    private readonly SensitivityRecord sensitivity;
    private readonly IReadOnlyList<Predictor> folds;
    private readonly RidgeModel ridge;
    private readonly IReadOnlyList<PredictorUnit> units;

    private PlanSources(
        TrainingSet study,
        SensitivityRecord sensitivity,
        IReadOnlyList<Predictor> folds,
        RidgeModel ridge,
        IReadOnlyList<PredictorUnit> units
    ) => (this.study, this.sensitivity, this.folds, this.ridge, this.units) = (study, sensitivity, folds, ridge, units);

    /// <summary>Sources; their networks must live until the last candidate.</summary>
    /// <param name="study">Graph, sizes and labelled trials.</param>
    /// <param name="sensitivity">Scores of single weights.</param>
    /// <param name="folds">Networks; none where none were trained.</param>
    /// <param name="ridge">Ridge regression with trends on the same trials.</param>
    /// <param name="units">Subgraphs for block level.</param>
    /// <param name="family">Only this family of models; null for all.</param>
    /// <param name="level">
    /// Only this level; null leaves out what others were measured to beat: the network's whole allocations, unless its
    /// candidates are asked for.
    /// </param>
    /// <param name="cancellationToken">Stops between units.</param>
    /// <exception cref="PlanException">No source is left.</exception>
    public static IReadOnlyList<PlanSource> Of(
        TrainingSet study,
        SensitivityRecord sensitivity,
        IReadOnlyList<Predictor> folds,
        RidgeModel ridge,
        IReadOnlyList<PredictorUnit> units,
        string? family = null,
        PlanLevel? level = null,
        CancellationToken cancellationToken = default
    )
    {
        ArgumentNullException.ThrowIfNull(study);
        ArgumentNullException.ThrowIfNull(sensitivity);
        ArgumentNullException.ThrowIfNull(folds);
        var sources = new PlanSources(study, sensitivity, folds, ridge, units);
        bool hasNetwork = folds.Count > 0 && sensitivity.Network is not null;
        PlanSource[] wanted =
        [
            .. ScoreModel
                .All.Where(scores => scores.Family != ModelNames.Measured)
                .Where(scores =>
                    (family is null || family == scores.Family) && (level is null || level == scores.Level)
                )
                .Where(scores => scores != ScoreModel.NetworkWhole || family is not null || level is not null)
                .Where(scores => hasNetwork || scores == ScoreModel.Ridge)
                .Select(scores => new PlanSource(scores, sources.Search(scores, cancellationToken))),
        ];
        if (wanted.Length > 0)
            return wanted;
        string asked = $"{family ?? "any model"} at {level?.ToString().ToLowerInvariant() ?? "any"} level";
        throw new PlanException(
            $"No plan source goes by {asked} here: ridge regression has op level only, {ModelNames.Ensemble} whole "
                + "allocations only, and the network needs a fit with one. Leave out --predictor or --level."
        )
        {
            Remedy = hasNetwork ? null : Remedy.Fit,
        };
    }

    private ICandidateSearch Search(ScoreModel scores, CancellationToken cancellationToken)
    {
        OptionFeatures features = study.Features;
        if (scores.Level == PlanLevel.Op)
            return Sum(scores);
        if (scores.Level == PlanLevel.Block)
        {
            IReadOnlyList<ScoredGroup> groups = BlockGroups.Build(
                study.Topology,
                features,
                folds,
                units,
                cancellationToken
            );
            return new ScoreSumSearch(scores.Name, features, groups);
        }
        Func<IReadOnlyList<IReadOnlyList<int>>, IReadOnlyList<double>> network = PredictionSearch.OfFolds(
            study.Topology,
            features,
            folds
        );
        ICandidateSearch[] starts = [Sum(ScoreModel.Ridge), Sum(ScoreModel.NetworkOp)];
        if (scores == ScoreModel.NetworkWhole)
            return new PredictionSearch(scores.Name, features, network, starts);
        return new PredictionSearch(scores.Name, features, Mean, starts);

        IReadOnlyList<double> Mean(IReadOnlyList<IReadOnlyList<int>> allocations) =>
            [.. network(allocations).Zip(allocations.Select(ridge.Predict), (a, b) => (a + b) / 2)];
    }

    private ScoreSumSearch Sum(ScoreModel scores)
    {
        SensitivityResult result = sensitivity.By(scores.Family);
        return new ScoreSumSearch(
            scores.Name,
            study.Features,
            ScoredGroup.PerWeight(study.Features, (w, o) => result.Weights[w].Scores[o])
        );
    }
}
