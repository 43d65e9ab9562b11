using Qua2SeDiMo.Json;
using Qua2SeDiMo.Plans;
using Qua2SeDiMo.Predictors;
using Qua2SeDiMo.Predictors.Baselines;
using Qua2SeDiMo.Predictors.Data;
using Qua2SeDiMo.Predictors.Evaluation;
using Qua2SeDiMo.Predictors.Import;
using Qua2SeDiMo.Predictors.Training;
using Qua2SeDiMo.Quantizers;
using Qua2SeDiMo.Runs;
using Qua2SeDiMo.Sensitivity;

namespace Qua2SeDiMo.Stages;

/// <summary>Plans for trials from outside: there is no model to generate images with, so nothing is verified, only
/// predicted.</summary>
internal static class UnverifiedPlanStage
{
    /// <summary>What the record says of it.</summary>
    public const string Warning =
        "Nothing was verified by images: predictions of allocations that were chosen for their predictions are "
        + "optimistic. The labels of trials are measured.";

    /// <summary>Chooses allocations for requested sizes, predicts them and their baselines, and traces the front of
    /// score against size.</summary>
    /// <param name="study">The trials that the fit was made of.</param>
    /// <param name="run">The run directory with fit and explanation.</param>
    /// <param name="budgets">Sizes.</param>
    /// <param name="predictor">Model whose scores make the plans; null takes the one that decides by held-out
    /// rank.</param>
    /// <param name="level">Only proposals of this level; null for the usual ones.</param>
    /// <param name="cancellationToken">Stops between proposals.</param>
    /// <exception cref="Q2Exception">An earlier stage is missing, or a size is too small for any
    /// allocation.</exception>
    public static Plan Run(
        LabelledStudy study,
        RunDirectory run,
        IReadOnlyList<BitBudget> budgets,
        string? predictor = null,
        PlanLevel? level = null,
        CancellationToken cancellationToken = default
    )
    {
        ArgumentNullException.ThrowIfNull(study);
        ArgumentNullException.ThrowIfNull(budgets);
        Fit fit = FittedFiles.Main(run);
        fit.RequireOf(study.Origin, run);
        SensitivityRecord sensitivity = ExplainStage.Read(run, study, fit);
        string decides = predictor ?? sensitivity.Decides;
        OptionFeatures features = study.Training.Features;
        string[][] names = [.. study.Training.WeightNames.Select(name => new[] { name })];
        var entries = new List<PlanEntry>();
        for (int o = 0; o < features.OptionCount; o++)
            entries.Add(Uniform(study, names, o));
        IReadOnlyList<Predictor> folds = sensitivity.Loss is { } loss
            ? PredictorFile.Read(run, FittedFiles.Main(run, Enum.Parse<PredictorLoss>(loss, ignoreCase: true)))
            : [];
        try
        {
            IReadOnlyList<PlanSource> sources = PlanSources.Of(
                study.Training,
                sensitivity,
                folds,
                study.Units,
                predictor,
                level,
                cancellationToken
            );
            foreach (BitBudget budget in budgets)
            {
                entries.AddRange(PlanEntries.Of(features, names, sources, [budget], cancellationToken));
                if (BestTrial(study, names, budget) is { } best)
                    entries.Add(best);
            }
            double[] predicted = Predict(
                study.Training,
                folds,
                decides,
                [.. entries.Select(entry => Options(study, entry.Allocation))]
            );
            string reason = predictor is not null ? $"Chosen by the user: {predictor}." : fit.Result.Choice.Reason;
            PlanEntry[] elected = Elect(
                [.. entries.Select((entry, i) => entry with { PredictedObjective = predicted[i] })],
                decides
            );
            var plan = new Plan(study.Origin.Target, decides, reason, elected)
            {
                Fronts = ScoreFront.Of(features, sources, cancellationToken),
                Notes = [Warning],
                TrainedOn = study.Origin,
            };
            OwnJson.Write(run.Plan, plan);
            return plan;
        }
        finally
        {
            foreach (Predictor fold in folds)
                fold.Dispose();
        }
    }

    // Of the deciding model's proposals for a size, the one it predicts to be best is the plan.
    private static PlanEntry[] Elect(PlanEntry[] entries, string decides)
    {
        HashSet<string> elected =
        [
            .. entries
                .Where(entry => entry.Kind == PlanKind.Candidate && entry.Scores!.Family == decides)
                .GroupBy(entry => entry.Budget)
                .Select(group => group.MaxBy(entry => entry.PredictedObjective)!.Key),
        ];
        return [.. entries.Select(entry => elected.Contains(entry.Key) ? AsPlan(entry) : entry)];

        static PlanEntry AsPlan(PlanEntry entry) =>
            entry with
            {
                Kind = PlanKind.Plan,
                Label = $"Plan of {entry.Scores!.Label}, {entry.Budget!.Label}",
            };
    }

    private static PlanEntry Uniform(LabelledStudy study, string[][] names, int option)
    {
        OptionFeatures features = study.Training.Features;
        string name = features.Options[option].Name;
        var empty = new PlanEntry
        {
            Key = $"uniform-{name}",
            Label = $"{name} everywhere",
            Kind = PlanKind.Uniform,
        };
        return PlanEntries.Choose(empty, features, names, [.. Enumerable.Repeat(option, features.WeightCount)]);
    }

    private static PlanEntry? BestTrial(LabelledStudy study, string[][] names, BitBudget budget)
    {
        OptionFeatures features = study.Training.Features;
        long bytes = budget.ToBytes(features.TotalOriginalBytes, features.OriginalBits);
        int best = -1;
        for (int t = 0; t < study.Training.Trials.Count; t++)
        {
            PredictorTrial one = study.Training.Trials[t];
            if (features.TotalBytes([.. one.Options]) > bytes)
                continue;
            if (best < 0 || one.Target > study.Training.Trials[best].Target)
                best = t;
        }
        if (best < 0)
            return null;
        PredictorTrial trial = study.Training.Trials[best];
        string label = $"Best labelled trial ({study.TrialNames[best]})";
        PlanEntry empty = PlanEntries.Entry(features, budget, "best-labelled", label, PlanKind.BestRandom);
        return PlanEntries.Choose(empty, features, names, trial.Options) with
        {
            Metrics = new Dictionary<string, Measured> { [study.Origin.Target] = new(trial.Target) },
        };
    }

    private static int[] Options(LabelledStudy study, BitAllocation allocation) =>
        [
            .. study.Training.WeightNames.Select(name =>
                study
                    .Training.Features.Options.Select((option, o) => (option, o))
                    .First(pair => PlanEntries.Spec(pair.option) == allocation[name])
                    .o
            ),
        ];

    private static double[] Predict(
        TrainingSet trials,
        IReadOnlyList<Predictor> folds,
        string decides,
        IReadOnlyList<int>[] allocations
    )
    {
        double[] byRidge = new double[allocations.Length],
            byNetwork = new double[allocations.Length];
        RidgeModel ridge = RidgeRegression.Fit(trials, trends: true);
        for (int i = 0; i < byRidge.Length; i++)
            byRidge[i] = ridge.Predict(allocations[i]);
        if (decides == ModelNames.Ridge || folds.Count == 0)
            return byRidge;
        foreach (Predictor fold in folds)
        {
            IReadOnlyList<double> predictions = fold.Predict(trials.Topology, trials.Features, allocations).Predictions;
            for (int i = 0; i < byNetwork.Length; i++)
                byNetwork[i] += predictions[i] / folds.Count;
        }
        return decides == ModelNames.Network ? byNetwork : [.. byRidge.Zip(byNetwork, (a, b) => (a + b) / 2)];
    }
}
