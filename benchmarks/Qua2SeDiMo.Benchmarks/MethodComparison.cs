using Qua2SeDiMo.Kernels.Codes;
using Qua2SeDiMo.Labelling;
using Qua2SeDiMo.Measurement;
using Qua2SeDiMo.Measurement.Methods;
using Qua2SeDiMo.Measurement.Mixtures;
using Qua2SeDiMo.Numerics;
using Qua2SeDiMo.Pipelines;
using Qua2SeDiMo.Plans;
using Qua2SeDiMo.Predictors;
using Qua2SeDiMo.Predictors.Data;
using Qua2SeDiMo.Predictors.Evaluation;
using Qua2SeDiMo.Quantizers;
using Qua2SeDiMo.Runs;
using Qua2SeDiMo.Sensitivity;
using Qua2SeDiMo.Stages;
using Qua2SeDiMo.Studies;
using Qua2SeDiMo.Studies.Objectives;

namespace Qua2SeDiMo.Benchmarks;

/// <summary>One figure of a method.</summary>
/// <param name="Question"><c>probes</c>: Kendall's τ of the cost of three bits against probes; <c>probes-above-error</c>:
/// the same among weights whose cost exceeds twice its error; <c>trials</c>: Spearman of held-out random trials;
/// <c>trials-at-equal-bits</c>: the same given average bits; <c>plan-seen</c>, <c>plan-fresh</c>: SSIM of the verified
/// plan on the study's prompts, and on prompts that chose nothing; <c>promise</c>: what was predicted of it before;
/// <c>candidate-seen</c>, <c>candidate-fresh</c>: the same of the candidate of each plan source;
/// <c>interaction-share</c>: the share of the correlations of weights that is signal.</param>
/// <param name="Method"><c>measured</c>, <c>measured+trials</c> (corrected by labelled trials of other folds),
/// <c>measured+pairs</c> (with interactions), <c>network</c>, <c>ridge</c>, <c>paper</c>, or a plan source.</param>
/// <param name="Bits">Average bits allowed; null where the question has no size.</param>
/// <param name="Value">The figure.</param>
/// <param name="Count">Weights, trials or images that it is made of.</param>
internal sealed record MethodFigure(string Question, string Method, double? Bits, double Value, int Count);

/// <summary>
/// Measured sensitivity beside the published method at equal work: both label random mixtures by images, one of them
/// fewer and measures instead. A call of the denoiser is a call; a reverse pass counts as three.
/// </summary>
internal static class MethodComparison
{
    private const int Images = 32,
        PaperTrials = 64,
        Cotangents = 8,
        CallsOfReversePass = 3,
        Folds = 5;

    // What the paper's trials cost and a measurement does not, it spends on trials.
    private const int MeasuredTrials = PaperTrials - (1 + (CallsOfReversePass * Cotangents));

    private static readonly BitBudget[] Budgets = [new(3.25, null), new(3.5, null), new(3.75, null), new(4.0, null)];

    /// <summary>Runs both methods on a model, or goes on where an earlier call stopped, and compares them.</summary>
    /// <param name="modelFolder">A pipeline folder.</param>
    /// <param name="probes">Probes of its weights.</param>
    /// <param name="work">Folder of the two run directories.</param>
    internal static IReadOnlyList<MethodFigure> Run(string modelFolder, string probes, string work)
    {
        using OpenModel model = OpenModel.Open(modelFolder);
        RunDirectory paper = new(Path.Combine(work, "paper")),
            measured = new(Path.Combine(work, "measured"));
        var study = new StudyOptions { ImageCount = Images, Scoring = ScoringFiles.Find(modelFolder) };
        var progress = new Progress<StageProgress>();
        WorkflowResult byPaper = Workflow.Run(
            model,
            paper,
            new WorkflowOptions(study with { TrialCount = PaperTrials })
            {
                Budgets = Budgets,
                Objective = StudyMetric.Ssim.Name,
            },
            progress
        );
        MeasureStage.Run(model, measured, new MeasureOptions { Study = study, Cotangents = Cotangents }, progress);
        StudyOptions few = study with { TrialCount = MeasuredTrials };
        IReadOnlyList<Trial> trials = StudyStage.Run(model, measured, few, progress, CancellationToken.None);
        StudyStage.Summarise(model, measured, few, trials, StudyMetric.Ssim.Name);
        Plan sums = PlanStage.Run(model, measured, Budgets, ModelNames.Measured, PlanLevel.Op, progress: progress);
        Plan plan = PlanStage.Run(model, measured, Budgets, ModelNames.Measured, progress: progress);
        MeasuredModel effects = MeasuredModel.Read(model, measured);
        return
        [
            .. OfProbes(model, MeasuredProbes.Read(probes), effects, byPaper.Sensitivity!),
            .. OfTrials(effects, paper, byPaper.Fit!),
            .. OfPairs(MeasuredProbes.Read(probes), effects, paper),
            .. OfCandidates(sums),
            .. OfCandidates(plan),
            .. OfPlan("measured", plan),
            .. OfPlan("paper", byPaper.Plan),
        ];
    }

    private static IEnumerable<MethodFigure> OfProbes(
        OpenModel model,
        MeasuredProbes probes,
        MeasuredModel effects,
        SensitivityRecord fitted
    )
    {
        string[] weights = [.. model.Weights.Select(weight => weight.Name)];
        foreach (SourceAgreement source in MeasuredAgreement.Of(probes, weights, effects, fitted))
        {
            string method = source.Source == MeasuredAgreement.Measurement ? "measured" : source.Source;
            RankAgreement costs = source.Agreement.Costs;
            yield return new MethodFigure("probes", method, null, costs.KendallTau!.Value, costs.Count);
            if (costs.KendallTauAboveError is { } above)
                yield return new MethodFigure("probes-above-error", method, null, above, costs.CountAboveError!.Value);
        }
    }

    // The paper's trials: the measurement saw none of them, fitted models those of four folds.
    private static IEnumerable<MethodFigure> OfTrials(MeasuredModel effects, RunDirectory paper, Fit fit)
    {
        (double[] labels, double[] bits, BitAllocation[] trials) = Labelled(paper);
        MixtureDamage mixtures = effects.Mixtures;
        double[] alone = [.. trials.Select(trial => -OrderOfSums(mixtures, mixtures.Options(trial)!))],
            corrected = new double[trials.Length];
        foreach (int[] fold in FoldBorders.Split(trials.Length, Folds, seed: 0))
        {
            (BitAllocation, double)[] others =
            [
                .. Enumerable.Range(0, trials.Length).Except(fold).Select(place => (trials[place], labels[place])),
            ];
            var line = TrialLine.Of(mixtures, StudyMetric.Ssim.Name, others);
            foreach (int place in fold)
                corrected[place] = line!.Predict(trials[place]).Value;
        }
        foreach ((string method, double[] predicted) in new[] { ("measured", alone), ("measured+trials", corrected) })
        {
            yield return Trials(method, RankStatistics.Spearman(predicted, labels), trials.Length);
            yield return AtEqualBits(method, RankStatistics.PartialSpearman(predicted, labels, bits), trials.Length);
        }
        foreach (
            (string method, string name) in new[] { ("network", ModelNames.Network), ("ridge", ModelNames.RidgeTrends) }
        )
        {
            if (fit.Result.Find(name) is not { } scores)
                continue;
            yield return Trials(method, scores.Srcc.Mean, trials.Length);
            yield return AtEqualBits(method, scores.PartialSrcc.Mean, trials.Length);
        }
    }

    // What the interactions of weights add: a probe changes one weight while all others have the base option.
    private static IEnumerable<MethodFigure> OfPairs(MeasuredProbes probes, MeasuredModel measured, RunDirectory paper)
    {
        const string Method = "measured+pairs";
        Effects whole = measured.WholeWeights;
        MixtureDamage mixtures = measured.Mixtures;
        if (Interactions.Of(whole) is not { } pairs || mixtures.Interactions is not { } found)
            yield break;
        yield return new MethodFigure("interaction-share", Method, null, found.Share, whole.Images * whole.Cotangents);
        string[] weights = [.. whole.Weights];
        QuantizerSpec[] options = [.. whole.Options];
        int[] basis = [.. Enumerable.Repeat(Array.IndexOf(options, probes.Base!), weights.Length)];
        double? Damage(string weight, QuantizerSpec option)
        {
            int[] changed = [.. basis];
            changed[Array.IndexOf(weights, weight)] = Array.IndexOf(options, option);
            return pairs.Orders([changed])[0];
        }
        RankAgreement costs = ProbeAgreement.Of(probes, weights, Damage).Costs;
        yield return new MethodFigure("probes", Method, null, costs.KendallTau!.Value, costs.Count);
        if (costs.KendallTauAboveError is { } above)
            yield return new MethodFigure("probes-above-error", Method, null, above, costs.CountAboveError!.Value);
        (double[] labels, double[] bits, BitAllocation[] allocations) = Labelled(paper);
        double[] predicted = [.. allocations.Select(allocation => -mixtures.Order(allocation))];
        yield return Trials(Method, RankStatistics.Spearman(predicted, labels), labels.Length);
        yield return AtEqualBits(Method, RankStatistics.PartialSpearman(predicted, labels, bits), labels.Length);
    }

    // Damages of weights that do not act together.
    private static double OrderOfSums(MixtureDamage mixtures, int[] options) =>
        Enumerable
            .Range(0, mixtures.Effects.Images)
            .Average(image => Math.Log(options.Select((option, weight) => mixtures.Mean(image, weight, option)).Sum()));

    private static (double[] Ssim, double[] Bits, BitAllocation[] Allocations) Labelled(RunDirectory run)
    {
        Trial[] trials = [.. RunStudy.Trials(run).Where(trial => trial.State == TrialState.Complete)];
        return (
            [.. trials.Select(trial => trial.Metrics[StudyMetric.Ssim.Name])],
            [.. trials.Select(trial => trial.Metrics[StudyMetric.AverageBits.Name])],
            [.. trials.Select(trial => trial.Allocation)]
        );
    }

    private static MethodFigure Trials(string method, double value, int count) =>
        new("trials", method, null, value, count);

    private static MethodFigure AtEqualBits(string method, double value, int count) =>
        new("trials-at-equal-bits", method, null, value, count);

    private static IEnumerable<MethodFigure> OfCandidates(Plan plan)
    {
        string metric = StudyMetric.Ssim.Name;
        foreach (PlanEntry entry in plan.Entries.Where(entry => entry.Scores is not null))
        {
            yield return Figure("candidate-seen", entry.Scores!.Name, entry, metric);
            yield return Figure("candidate-fresh", entry.Scores!.Name, entry, metric + PlanEntry.FreshSuffix);
        }
    }

    private static IEnumerable<MethodFigure> OfPlan(string method, Plan plan)
    {
        string metric = StudyMetric.Ssim.Name;
        foreach (PlanEntry entry in plan.Entries.Where(entry => entry.Kind == PlanKind.Plan))
        {
            yield return Figure("plan-seen", method, entry, metric);
            yield return Figure("plan-fresh", method, entry, metric + PlanEntry.FreshSuffix);
            if (entry.Promise is { } promise)
                yield return new MethodFigure("promise", method, entry.RequestedBits, promise.Value, Images);
        }
    }

    private static MethodFigure Figure(string question, string method, PlanEntry entry, string metric) =>
        new(question, method, entry.RequestedBits, entry.Metrics[metric].Value, Images);
}
