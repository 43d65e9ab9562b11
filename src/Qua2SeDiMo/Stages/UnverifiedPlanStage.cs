using Qua2SeDiMo.Plans;
using Qua2SeDiMo.Predictors;
using Qua2SeDiMo.Quantizers;
using Qua2SeDiMo.Runs;

namespace Qua2SeDiMo.Stages;

/// <summary>Plans for trials from outside: there is no model to generate images with, so nothing is verified, only predicted.</summary>
public static class UnverifiedPlanStage
{
    /// <summary>What the record says of it.</summary>
    public const string Warning = "Nothing was verified by images: predictions of allocations that were chosen for their predictions are optimistic. The labels of trials are measured.";

    /// <summary>Chooses allocations for requested sizes, predicts them and their baselines, and traces the front of score against size.</summary>
    /// <param name="study">The trials that the fit was made of.</param>
    /// <param name="run">The run directory with fit and explanation.</param>
    /// <param name="budgets">Sizes.</param>
    /// <param name="predictor">Model whose scores make the plans; null takes the one that decides by held-out rank.</param>
    /// <param name="level">Only proposals of this level; null for the usual ones.</param>
    /// <param name="cancellationToken">Stops between proposals.</param>
    /// <exception cref="Q2Exception">An earlier stage is missing, or a size is too small for any allocation.</exception>
    public static PlanRecord Run(LabelledStudy study, RunDirectory run, IReadOnlyList<BitBudget> budgets, string? predictor = null, PlanLevel? level = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(study);
        ArgumentNullException.ThrowIfNull(budgets);
        Fit fit = FittedFiles.Main(run);
        fit.RequireOf(study.Origin, run);
        SensitivityRecord sensitivity = ExplainStage.Read(run, study, fit);
        string decides = predictor ?? sensitivity.Decides;
        OptionFeatures features = study.Study.Features;
        string[][] names = [.. study.Study.WeightNames.Select(name => new[] { name })];
        var entries = new List<PlanEntry>();
        for (int o = 0; o < features.OptionCount; o++) entries.Add(Uniform(study, names, o));
        IReadOnlyList<Predictor> folds = sensitivity.Loss is { } loss
            ? PredictorFile.Read(run, FittedFiles.Main(run, Enum.Parse<PredictorLoss>(loss, ignoreCase: true))) : [];
        try
        {
            IReadOnlyList<PlanProposer> proposers = PlanProposers.Of(study.Study, sensitivity, folds, study.Units, predictor, level, cancellationToken);
            foreach (BitBudget budget in budgets)
            {
                entries.AddRange(PlanProposals.Of(features, names, proposers, [budget], cancellationToken));
                if (BestTrial(study, names, budget) is { } best) entries.Add(best);
            }
            double[] predicted = Predict(study.Study, folds, decides, [.. entries.Select(entry => Options(study, entry.Allocation))]);
            string reason = predictor is not null ? $"Chosen by the user: {predictor}." : fit.Result.Choice.Reason;
            var record = new PlanRecord(study.Origin.Target, decides, reason, Elect([.. entries.Select((entry, i) => entry with { PredictedObjective = predicted[i] })], decides))
            {
                Fronts = PlanProposals.Fronts(features, proposers, cancellationToken),
                Notes = [Warning],
                TrainedOn = study.Origin,
            };
            record.Write(run);
            return record;
        }
        finally
        {
            foreach (Predictor fold in folds) fold.Dispose();
        }
    }

    // Of the deciding model's proposals for a size, the one it predicts to be best is the plan.
    private static PlanEntry[] Elect(PlanEntry[] entries, string decides)
    {
        HashSet<string> elected =
        [
            .. entries.Where(entry => entry.Kind == PlanKind.Candidate && entry.Predictor == decides).GroupBy(entry => entry.Key[(entry.Key.LastIndexOf('-') + 1)..])
                .Select(group => group.MaxBy(entry => entry.PredictedObjective)!.Key),
        ];
        return [.. entries.Select(entry => elected.Contains(entry.Key) ? entry with { Kind = PlanKind.Plan, Label = entry.Label.Replace("Proposal", "Plan", StringComparison.Ordinal) } : entry)];
    }

    private static PlanEntry Uniform(LabelledStudy study, string[][] names, int option)
    {
        OptionFeatures features = study.Study.Features;
        int[] options = [.. Enumerable.Repeat(option, features.WeightCount)];
        return new PlanEntry
        {
            Key = $"uniform-{features.Options[option].Name}",
            Label = $"{features.Options[option].Name} everywhere",
            Kind = PlanKind.Uniform,
            AverageBits = features.AverageBits(options),
            SizeBytes = features.TotalBytes(options),
            Allocation = PlanProposals.Allocation(features, names, options),
        };
    }

    private static PlanEntry? BestTrial(LabelledStudy study, string[][] names, BitBudget budget)
    {
        OptionFeatures features = study.Study.Features;
        long bytes = budget.ToBytes(features.TotalOriginalBytes, features.OriginalBits);
        int best = -1;
        for (int t = 0; t < study.Study.Trials.Count; t++)
        {
            if (features.TotalBytes([.. study.Study.Trials[t].Options]) <= bytes && (best < 0 || study.Study.Trials[t].Target > study.Study.Trials[best].Target)) best = t;
        }
        if (best < 0) return null;
        PredictorTrial trial = study.Study.Trials[best];
        return PlanProposals.Entry(features, budget, "best-labelled", $"Best labelled trial ({study.TrialNames[best]})", PlanKind.BestRandom) with
        {
            AverageBits = features.AverageBits([.. trial.Options]),
            SizeBytes = features.TotalBytes([.. trial.Options]),
            Allocation = PlanProposals.Allocation(features, names, trial.Options),
            Metrics = new Dictionary<string, Measured> { [study.Origin.Target] = new(trial.Target) },
        };
    }

    private static int[] Options(LabelledStudy study, BitAllocation allocation) =>
    [
        .. study.Study.WeightNames.Select(name => study.Study.Features.Options.Select((option, o) => (option, o))
            .First(pair => PlanProposals.Spec(pair.option) == allocation[name]).o),
    ];

    private static double[] Predict(PredictorStudy trials, IReadOnlyList<Predictor> folds, string decides, IReadOnlyList<int>[] allocations)
    {
        double[] byRidge = new double[allocations.Length], byNetwork = new double[allocations.Length];
        RidgeModel ridge = RidgeRegression.Fit(trials.Features, [.. trials.Trials.Select(trial => trial.Options)], [.. trials.Trials.Select(trial => trial.Target)], trends: true);
        for (int i = 0; i < byRidge.Length; i++) byRidge[i] = ridge.Predict(allocations[i]);
        if (decides == ModelNames.Ridge || folds.Count == 0) return byRidge;
        foreach (Predictor fold in folds)
        {
            IReadOnlyList<double> predictions = fold.Predict(trials.Topology, trials.Features, allocations).Predictions;
            for (int i = 0; i < byNetwork.Length; i++) byNetwork[i] += predictions[i] / folds.Count;
        }
        return decides == ModelNames.Network ? byNetwork : [.. byRidge.Zip(byNetwork, (a, b) => (a + b) / 2)];
    }
}
