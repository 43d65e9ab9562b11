using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Qua2SeDiMo.Graphs;
using Qua2SeDiMo.Kernels.Codes;
using Qua2SeDiMo.Models;
using Qua2SeDiMo.Models.Fingerprints;
using Qua2SeDiMo.Predictors;
using Qua2SeDiMo.Quantizers;
using Qua2SeDiMo.Studies;

namespace Qua2SeDiMo.Stages;

/// <summary>What a predictor was trained on.</summary>
/// <param name="Source"><c>study</c> for the trials of a run, <c>files</c> for trials from outside.</param>
/// <param name="TrialsFile">Full path of trials.csv; null for a run's own study.</param>
/// <param name="GraphFile">Full path of dag.json; null for a run's own study.</param>
/// <param name="Target">What was predicted.</param>
/// <param name="TrialCount">Labelled trials.</param>
/// <param name="WeightCount">Weights with an option of their own.</param>
/// <param name="UnitCount">Scored subgraphs of two weights and more.</param>
/// <param name="Fingerprint">
/// SHA-256 of graph, trials and target, and for a run's own study of its settings, the content of the model among them.
/// </param>
/// <param name="Reading">How the files were read; null for a run's own study.</param>
/// <param name="Notes">What a person should know of the data.</param>
public sealed record TrainedOn(
    string Source, string? TrialsFile, string? GraphFile, string Target, int TrialCount, int WeightCount, int UnitCount, string Fingerprint, ExternalStudyOptions? Reading, IReadOnlyList<string> Notes);

/// <summary>Labelled trials with all that is known of the weights they choose options for: of a run's own study, or from files.</summary>
/// <param name="Study">Graph, options and labels.</param>
/// <param name="Units">Scored subgraphs.</param>
/// <param name="Weights">Where each weight stands.</param>
/// <param name="Origin">Where all this is from.</param>
/// <param name="TrialNames">What each trial is called.</param>
/// <param name="TrialImages">File or folder of each trial's images; null where none is stored.</param>
/// <param name="TrueSensitivities">[weight][option] as the graph states them, larger is worse; null when it does not.</param>
public sealed record LabelledStudy(
    PredictorStudy Study, IReadOnlyList<PredictorUnit> Units, IReadOnlyList<WeightPosition> Weights, TrainedOn Origin, IReadOnlyList<string> TrialNames,
    IReadOnlyList<string?> TrialImages, IReadOnlyList<IReadOnlyList<double>>? TrueSensitivities)
{
    private const int FewestTrials = 2 * CrossValidation.FoldCount;

    /// <summary>Weights of every unit of two and more.</summary>
    internal IReadOnlyList<IReadOnlyList<int>> Groups => [.. Units.Select(unit => unit.Weights).Where(weights => weights.Count > 1)];

    /// <summary>Trials from outside.</summary>
    /// <exception cref="PredictorFormatException">The files cannot be read, or hold too few trials.</exception>
    public static LabelledStudy OfFiles(string trialsPath, string dagPath, ExternalStudyOptions? options = null)
    {
        options ??= new ExternalStudyOptions();
        ExternalStudy read = ExternalStudy.Open(trialsPath, dagPath, options);
        if (read.Study.Trials.Count < FewestTrials)
        {
            throw new PredictorFormatException($"{trialsPath}: {read.Study.Trials.Count} trials; at least {FewestTrials} are needed to hold some out.");
        }
        var origin = new TrainedOn("files", Path.GetFullPath(trialsPath), Path.GetFullPath(dagPath), read.Target, read.Study.Trials.Count, read.Study.Features.WeightCount,
            read.Units.Count(unit => unit.Weights.Count > 1), read.Fingerprint, options, read.Notes);
        return new LabelledStudy(read.Study, read.Units, [.. read.Weights.Select(weight => new WeightPosition(weight.Name, weight.Block, weight.LayerType, weight.Parameters))],
            origin, read.TrialNames, read.TrialImages, read.TrueSensitivities);
    }

    /// <summary>The complete trials of a run's study; only those with lower numbers than <paramref name="before"/>.</summary>
    /// <exception cref="ModelFolderException">There are fewer complete trials than folds can be made of.</exception>
    public static LabelledStudy OfRun(LoadedModel model, RunDirectory run, Objective objective, int before = int.MaxValue)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(run);
        Trial[] all = [.. FitStage.ReadTrials(run, Studies.Study.DefaultName).Where(trial => trial.Number < before)];
        Trial[] complete = [.. all.Where(trial => trial.State == TrialState.Complete && double.IsFinite(objective.Of(trial)))];
        int unlabelled = all.Count(trial => trial.State is TrialState.Complete or TrialState.Failed) - complete.Length;
        StudySettings settings = RequireOf(model, run).Settings;
        if (complete.Length < FewestTrials)
        {
            string failed = unlabelled == 0 ? "" : $", and {unlabelled} without a label, because they failed";
            throw new ModelFolderException($"{run.StudyDatabase}: {complete.Length} complete trials{failed}; "
                + $"at least {FewestTrials} are needed to hold some out. Run `q2 study` with more --trials.");
        }
        QuantizerBank bank = BankStage.Open(model, run);
        OperationGraph graph = model.Operations;
        IReadOnlyList<QuantizableWeight> weights = graph.Weights;
        StoredTrials.CheckLabelled(run.StudyDatabase, complete, [.. model.Weights.Select(weight => weight.Name)]);
        PredictorTrial[] trials =
        [
            .. complete.Select(trial => new PredictorTrial(
                [.. weights.Select(weight => OptionIndex(bank.Options, trial.Allocation[weight.Name]!))], objective.Of(trial), trial.Metrics[StudyMetric.AverageBits.Name])),
        ];
        var study = new PredictorStudy(TopologyBuilder.Build(graph), FitStage.Features(graph, bank, model.OriginalBits), trials, [.. weights.Select(weight => weight.Name)]);
        IReadOnlyList<PredictorUnit> units = TopologyBuilder.Units(graph);
        string[] lines = [.. trials.Select(trial => FormattableString.Invariant($"{string.Join(' ', trial.Options)} {trial.Target:R}"))];
        string identity = $"{settings.Fingerprint}\n{objective}\n{string.Join('\n', study.WeightNames)}\n{string.Join('\n', lines)}";
        var origin = new TrainedOn("study", null, null, objective.ToString(), trials.Length, weights.Count, units.Count(unit => unit.Weights.Count > 1),
            Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(identity))), null,
            unlabelled == 0 ? [] : [$"{unlabelled} of {all.Length} trials failed and have no label; they are left out."]);
        return new LabelledStudy(study, units, [.. Enumerable.Range(0, weights.Count).Select(w => Position(graph, study.Topology.NodeOfWeight[w], w))],
            origin, [.. complete.Select(trial => trial.Number.ToString(CultureInfo.InvariantCulture))], [.. complete.Select(_ => (string?)null)], null);
    }

    /// <summary>The study of a run, if it is one of this model.</summary>
    /// <exception cref="Q2Exception">There is none, or it is of another model or of another version of the algorithm.</exception>
    internal static Studies.Study RequireOf(LoadedModel model, RunDirectory run)
    {
        RunIdentity.Check(model, run);
        Studies.Study study = StudyRecord.MainStudy(run);
        var now = study.Settings.Values.Where(pair => !pair.Key.StartsWith(StudySettings.OfModel, StringComparison.Ordinal))
            .ToDictionary(StringComparer.Ordinal);
        now[StudySettings.Algorithm] = AlgorithmVersion.Current.ToString(CultureInfo.InvariantCulture);
        foreach (FingerprintPart part in model.Fingerprint().Parts) now[StudySettings.OfModel + part.Name] = part.Hex;
        var asked = new StudySettings(now);
        return asked.Fingerprint == study.Settings.Fingerprint ? study : throw StudySettingsException.For(run.StudyDatabase, study, asked);
    }

    private static WeightPosition Position(OperationGraph graph, int node, int weight)
    {
        NodePosition position = graph.Nodes[node].Position;
        return new WeightPosition(graph.Weights[weight].Name, position.BlockName, position.LayerType, graph.Weights[weight].ElementCount);
    }

    private static int OptionIndex(IReadOnlyList<QuantizerSpec> options, QuantizerSpec spec)
    {
        for (int i = 0; i < options.Count; i++)
        {
            if (options[i] == spec) return i;
        }
        throw new ModelFolderException($"A trial uses the option {spec}, which the bank does not hold; it holds {string.Join(", ", options)}.");
    }
}
