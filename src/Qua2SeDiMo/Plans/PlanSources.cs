using Qua2SeDiMo.Predictors.Baselines;
using Qua2SeDiMo.Predictors.Data;
using Qua2SeDiMo.Predictors.Evaluation;
using Qua2SeDiMo.Predictors.Training;
using Qua2SeDiMo.Sensitivity;

namespace Qua2SeDiMo.Plans;

/// <summary>A source of candidate plans.</summary>
/// <param name="Scores">The scores that are maximised.</param>
/// <param name="Search">The search that maximises them.</param>
internal sealed record PlanSource(ScoreModel Scores, ICandidateSearch Search);

/// <summary>Creates the plan sources that use fitted models.</summary>
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

    /// <summary>Creates the sources. The networks must not be disposed before the last candidate has been
    /// proposed.</summary>
    /// <param name="study">Graph, sizes and labelled trials.</param>
    /// <param name="sensitivity">The explanation: scores of single weights.</param>
    /// <param name="folds">The networks of the folds; empty if none were trained.</param>
    /// <param name="ridge">Ridge regression with trends, fitted to the same trials.</param>
    /// <param name="units">Units for block level.</param>
    /// <param name="family">Family of models to use; null for all.</param>
    /// <param name="level">
    /// Level to use; null for the default levels: all, except the network's whole allocations, which other sources beat
    /// in measurements and which are used only if <paramref name="family"/> is given.
    /// </param>
    /// <param name="cancellationToken">Cancels between units.</param>
    /// <exception cref="PlanException">There is no source for this family and level.</exception>
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
