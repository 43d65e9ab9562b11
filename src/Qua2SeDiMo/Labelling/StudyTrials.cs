using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Qua2SeDiMo.Graphs.Ir;
using Qua2SeDiMo.Graphs.Operations;
using Qua2SeDiMo.Kernels.Codes;
using Qua2SeDiMo.Models.Configs;
using Qua2SeDiMo.Models.Fingerprints;
using Qua2SeDiMo.Pipelines;
using Qua2SeDiMo.Predictors.Data;
using Qua2SeDiMo.Predictors.Import;
using Qua2SeDiMo.Quantizers.Bank;
using Qua2SeDiMo.Runs;
using Qua2SeDiMo.Studies;
using Qua2SeDiMo.Studies.Objectives;
using Qua2SeDiMo.Studies.Storage;

namespace Qua2SeDiMo.Labelling;

/// <summary>Reads the labelled trials of a run's own study, with the graph and the bank of their model.</summary>
internal static class StudyTrials
{
    /// <summary>The complete trials of a run's study with numbers lower than <paramref name="before"/> and a finite
    /// label.</summary>
    /// <exception cref="Q2Exception">There are too few labelled trials for cross-validation, or study, bank and model
    /// do not belong together.</exception>
    public static LabelledStudy Read(OpenModel model, RunDirectory run, Objective objective, int before = int.MaxValue)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(run);
        Trial[] all = [.. RunStudy.Trials(run).Where(trial => trial.Number < before)];
        Trial[] complete =
        [
            .. all.Where(trial => trial.State == TrialState.Complete && double.IsFinite(objective.Of(trial))),
        ];
        int unlabelled = all.Count(trial => trial.State is TrialState.Complete or TrialState.Failed) - complete.Length;
        StudySettings settings = RequireStudy(model, run).Settings;
        RequireEnough(run, complete.Length, all);
        QuantizerBank bank = RunBank.Open(model, run);
        OperationGraph graph = model.Operations;
        StoredTrials.CheckLabelled(run.StudyDatabase, complete, [.. model.Weights.Select(weight => weight.Name)]);
        PredictorTrial[] trials = [.. complete.Select(trial => Label(trial, graph.Weights, bank.Options, objective))];
        OptionFeatures features = TopologyBuilder.Features(graph, bank, model.OriginalBits);
        var study = new TrainingSet(
            TopologyBuilder.Build(graph),
            features,
            trials,
            [.. graph.Weights.Select(weight => weight.Name)]
        );
        IReadOnlyList<PredictorUnit> units = TopologyBuilder.Units(graph);
        var origin = new TrainedOn(
            "study",
            null,
            null,
            objective.ToString(),
            trials.Length,
            graph.Weights.Count,
            units.Count(unit => unit.Weights.Count > 1),
            Fingerprint(settings, objective, study),
            null,
            unlabelled == 0 ? [] : [$"{unlabelled} of {all.Length} trials failed and have no label; they are left out."]
        );
        string[] names = [.. complete.Select(trial => trial.Number.ToString(CultureInfo.InvariantCulture))];
        return new LabelledStudy(
            study,
            units,
            TopologyBuilder.Positions(graph),
            origin,
            names,
            new string?[complete.Length],
            null
        );
    }

    /// <summary>Opens the study of a run after checking that it belongs to this model.</summary>
    /// <exception cref="Q2Exception">There is no study, or it belongs to another model or another version of the
    /// algorithm.</exception>
    internal static Study RequireStudy(OpenModel model, RunDirectory run)
    {
        RunIdentity.Check(model, run);
        Study study = RunStudy.Open(run);
        var now = study
            .Settings.Values.Where(pair => !pair.Key.StartsWith(StudySettings.OfModel, StringComparison.Ordinal))
            .ToDictionary(StringComparer.Ordinal);
        now[StudySettings.Algorithm] = AlgorithmVersion.Current.ToString(CultureInfo.InvariantCulture);
        foreach (FingerprintPart part in model.Fingerprint().Parts)
            now[StudySettings.OfModel + part.Name] = part.Hex;
        var asked = new StudySettings(now);
        return asked.Fingerprint == study.Settings.Fingerprint
            ? study
            : throw StudySettingsException.For(run.StudyDatabase, study, asked);
    }

    private static void RequireEnough(RunDirectory run, int complete, Trial[] all)
    {
        if (complete >= LabelledStudy.MinTrials)
            return;
        string what =
            $"{run.StudyDatabase}: {complete} complete trials; at least {LabelledStudy.MinTrials} are needed to hold some out.";
        int undefined = all.Count(trial => trial.State == TrialState.Complete) - complete;
        if (undefined > 0)
            what += $" {undefined} more have no finite label.";
        UnfinishedTrials unfinished = UnfinishedTrials.Of(all, all.Length);
        throw unfinished.IsEmpty
            ? new ModelFolderException($"{what} Label more.") { Remedy = Remedy.MoreTrials }
            : new TrialsIncompleteException($"{what} {unfinished.Describe("The study")}") { Remedy = Remedy.Study };
    }

    private static PredictorTrial Label(
        Trial trial,
        IReadOnlyList<QuantizableWeight> weights,
        IReadOnlyList<QuantizerSpec> options,
        Objective objective
    ) =>
        new(
            [.. weights.Select(weight => OptionIndex(options, trial.Allocation[weight.Name]!))],
            objective.Of(trial),
            trial.Metrics[StudyMetric.AverageBits.Name]
        );

    // Hash of everything that a fit depends on: settings, objective, weights and labels.
    private static string Fingerprint(StudySettings settings, Objective objective, TrainingSet study)
    {
        string Line(PredictorTrial trial) =>
            FormattableString.Invariant($"{string.Join(' ', trial.Options)} {trial.Target:R}");
        IEnumerable<string> lines = study.Trials.Select(Line);
        string identity =
            $"{settings.Fingerprint}\n{objective}\n{string.Join('\n', study.WeightNames)}\n{string.Join('\n', lines)}";
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(identity)));
    }

    private static int OptionIndex(IReadOnlyList<QuantizerSpec> options, QuantizerSpec spec)
    {
        for (int i = 0; i < options.Count; i++)
        {
            if (options[i] == spec)
                return i;
        }
        throw new ModelFolderException(
            $"A trial uses the option {spec}, which the bank does not hold; it holds {string.Join(", ", options)}."
        );
    }
}
