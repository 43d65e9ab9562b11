using System.Text.Json;
using Qua2SeDiMo.Graphs;
using Qua2SeDiMo.Models;
using Qua2SeDiMo.Predictors;
using Qua2SeDiMo.Quantizers;
using Qua2SeDiMo.Studies;

namespace Qua2SeDiMo.Stages;

/// <summary>What fitting found.</summary>
/// <param name="Objective">What was predicted.</param>
/// <param name="Options">How the network was trained.</param>
/// <param name="Result">Every model on the same held-out trials.</param>
public sealed record FitRecord(string Objective, PredictorOptions Options, FitResult Result);

/// <summary>Trains the predictor and its baselines on a study's trials.</summary>
public static class FitStage
{
    /// <summary>Trains five folds and compares every model on held-out trials.</summary>
    /// <param name="model">The model.</param>
    /// <param name="run">The run directory, with a finished study.</param>
    /// <param name="options">How the network is trained.</param>
    /// <param name="objective">Metric to predict; null takes the study's.</param>
    /// <param name="sizeWeight">λ: metric units per average bit taken off; 0 predicts quality alone.</param>
    /// <param name="progress">Told after each epoch.</param>
    /// <param name="cancellationToken">Stops between epochs.</param>
    /// <exception cref="Q2Exception">There is no study, or it has too few trials.</exception>
    public static FitRecord Run(
        LoadedModel model, RunDirectory run, PredictorOptions options, string? objective = null, double sizeWeight = 0,
        IProgress<StageProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        var target = new Objective(StudyMetric.OfQuality(objective ?? StudyRecord.Read(run).Summary.Objective), sizeWeight);
        PredictorStudy study = LoadStudy(model, run, target);
        IProgress<TrainingProgress>? inner = progress is null ? null : new Relay<TrainingProgress>(step => progress.Report(new StageProgress(
            "Training the predictor", ((double)step.Fold * step.EpochCount) + step.Epoch, (double)step.FoldCount * step.EpochCount, $"fold {step.Fold + 1}, loss {step.Loss:0.000}")));
        IReadOnlyList<IReadOnlyList<int>> units = [.. TopologyBuilder.Units(OperationGraphBuilder.Build(model.Graph)).Select(unit => unit.Weights).Where(weights => weights.Count > 1)];
        using FittedModels fitted = CrossValidation.Run(study, options, units, inner, cancellationToken);
        PredictorFile.Write(run.PredictorWeights, fitted.Predictors);
        var record = new FitRecord(target.ToString(), options, fitted.Result);
        AtomicFile.WriteText(run.PredictorReport, JsonSerializer.Serialize(record, StudyRecord.Json));
        return record;
    }

    /// <summary>The trials of a run as the predictor takes them; only those with lower numbers than <paramref name="before"/>.</summary>
    /// <exception cref="ModelFolderException">There are fewer complete trials than folds can be made of.</exception>
    internal static PredictorStudy LoadStudy(LoadedModel model, RunDirectory run, Objective objective, int before = int.MaxValue)
    {
        Trial[] complete = [.. ReadTrials(run, Study.DefaultName).Where(trial => trial.State == TrialState.Complete && trial.Number < before)];
        if (complete.Length < 2 * CrossValidation.FoldCount)
        {
            throw new ModelFolderException($"{run.StudyDatabase}: {complete.Length} complete trials; at least {2 * CrossValidation.FoldCount} are needed to hold some out. Run `q2 study` with more --trials.");
        }
        QuantizerBank bank = QuantizerBank.Open(run.Bank);
        OperationGraph graph = OperationGraphBuilder.Build(model.Graph);
        IReadOnlyList<QuantizableWeight> weights = graph.Weights;
        PredictorTrial[] trials =
        [
            .. complete.Select(trial => new PredictorTrial(
                [.. weights.Select(weight => OptionIndex(bank.Options, trial.Allocation[weight.Name]!))], objective.Of(trial), trial.Metrics[StudyMetric.AverageBits.Name])),
        ];
        return new PredictorStudy(
            TopologyBuilder.Build(graph), Features(graph, bank, model.OriginalBits), trials, [.. weights.Select(weight => weight.Name)]);
    }

    /// <summary>Sizes and errors of every weight under every option of a bank; those of a weight with others tied to it are of all of them.</summary>
    internal static OptionFeatures Features(OperationGraph graph, QuantizerBank bank, int originalBits) => new(
        [.. bank.Options.Select(option => new OptionCode(option.ToString(), (int)option.Method + 1, option.Bits >= 4 ? 1 : 2))],
        [.. graph.Groups.Select(group => group.Sum(weight => weight.ElementCount * originalBits / 8))],
        [.. graph.Groups.SelectMany(group => bank.Options.Select(option => group.Sum(weight => option.SizeBytes(weight.ElementCount, weight.OutChannels, originalBits))))],
        [.. graph.Groups.SelectMany(group => bank.Options.Select(option => group.Average(weight => bank.MeanError(weight.Name, option))))],
        originalBits);

    /// <summary>Trials of one study of a run.</summary>
    internal static IReadOnlyList<Trial> ReadTrials(RunDirectory run, string studyName)
    {
        if (!File.Exists(run.StudyDatabase)) throw new ModelFolderException($"{run.StudyDatabase}: not there yet; run `q2 study` first.");
        var store = SqliteStudyStore.Open(run.StudyDatabase, TimeProvider.System, studyName);
        try
        {
            return store.ListAsync().GetAwaiter().GetResult();
        }
        finally
        {
            store.DisposeAsync().AsTask().GetAwaiter().GetResult();
        }
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
