using System.Text.Json;
using System.Text.Json.Serialization;
using Qua2SeDiMo.Graphs;
using Qua2SeDiMo.Json;
using Qua2SeDiMo.Models;
using Qua2SeDiMo.Models.Fingerprints;
using Qua2SeDiMo.Predictors;
using Qua2SeDiMo.Quantizers;
using Qua2SeDiMo.Sensitivity;
using Qua2SeDiMo.Studies;

namespace Qua2SeDiMo.Stages;

/// <summary>What fitting found.</summary>
/// <param name="Objective">What was predicted.</param>
/// <param name="Options">How the network was trained.</param>
/// <param name="Result">Every model on the same held-out trials.</param>
/// <param name="TrainedOn">Which trials; null in files of older versions.</param>
/// <param name="Sentences">What the numbers say, in words.</param>
public sealed record FitRecord(string Objective, PredictorOptions Options, FitResult Result, TrainedOn? TrainedOn = null, IReadOnlyList<string>? Sentences = null)
{
    /// <summary>The <see cref="AlgorithmVersion"/> of its numbers; 0 in files of older versions.</summary>
    public int Algorithm { get; init; }

    /// <summary>Place in the order in which the fits of a run were made, from 1.</summary>
    public int Order { get; init; }

    /// <summary>Tells this fit from one of other trials or by other options.</summary>
    [JsonIgnore]
    internal string Identity => ContentHash.Of(
        $"{Algorithm}\n{TrainedOn?.Fingerprint}\n{JsonSerializer.Serialize(Options with { Threads = 0 }, OwnJson.Compact)}");

    /// <summary>Agreement of the scores with true sensitivities; null where none are known.</summary>
    public TruthAgreement? Truth { get; init; }
}

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
        return Run(LabelledStudy.OfRun(model, run, ObjectiveOf(run, objective, sizeWeight)), run, options, progress: progress, cancellationToken: cancellationToken);
    }

    /// <summary>What a run's own study is fitted to.</summary>
    /// <param name="run">The run directory.</param>
    /// <param name="metric">Metric to predict; null takes the study's.</param>
    /// <param name="sizeWeight">λ: metric units per average bit taken off.</param>
    public static Objective ObjectiveOf(RunDirectory run, string? metric, double sizeWeight) =>
        new(StudyMetric.OfQuality(metric ?? StudyRecord.Read(run).Summary.Objective), sizeWeight);

    /// <summary>The same for any labelled trials.</summary>
    /// <param name="labelled">The trials.</param>
    /// <param name="run">The run directory; only the fit's own files are needed there.</param>
    /// <param name="options">How the network is trained.</param>
    /// <param name="truth">True sensitivities to compare the scores with; null where none are known. Never used for training.</param>
    /// <param name="progress">Told after each epoch.</param>
    /// <param name="cancellationToken">Stops between epochs.</param>
    public static FitRecord Run(
        LabelledStudy labelled, RunDirectory run, PredictorOptions options, TrueSensitivity? truth = null,
        IProgress<StageProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(labelled);
        ArgumentNullException.ThrowIfNull(run);
        ArgumentNullException.ThrowIfNull(options);
        IProgress<TrainingProgress>? inner = progress is null ? null : new Relay<TrainingProgress>(step => progress.Report(new StageProgress(
            "Training the predictor", ((double)step.Fold * step.EpochCount) + step.Epoch, (double)step.FoldCount * step.EpochCount, Describe(step))));
        var checkpoints = new FitCheckpoints(run.PredictorCheckpointsOf(options.Loss.ToString()), labelled.Origin, options);
        using FittedModels fitted = CrossValidation.Run(labelled.Study, options, labelled.Groups, checkpoints.Of, inner, cancellationToken);
        var record = new FitRecord(labelled.Origin.Target, options, fitted.Result, labelled.Origin, FitWords.Of(fitted.Result))
        {
            Algorithm = AlgorithmVersion.Current,
            Order = FittedFiles.NextOrder(run, options.Loss),
            Truth = truth?.Compare(labelled.Study, labelled.Units, ScoreSources.Of(labelled.Study, fitted.Predictors, fitted.Ridge)),
        };
        PredictorFile.Write(run.PredictorWeightsOf(options.Loss.ToString()), fitted.Predictors, record);
        OwnJson.Write(run.PredictorReportOf(options.Loss.ToString()), record);
        checkpoints.Delete();
        return record;
    }

    private static string Describe(TrainingProgress step)
    {
        string loss = double.IsNaN(step.Loss) ? "continued" : $"loss {step.Loss:0.000}";
        return step.HeldOut is not { } rank ? $"fold {step.Fold + 1}, {loss}"
            : $"fold {step.Fold + 1}, {loss}, held-out SRCC {rank.Srcc:0.000}, NDCG {rank.Ndcg:0.000}, by hop SRCC {Hops(rank.HopSrcc)}, NDCG {Hops(rank.HopNdcg)}";

        static string Hops(IReadOnlyList<double> values) => string.Join(' ', values.Select(value => $"{value:0.00}"));
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
        return SqliteStudyStore.Open(run.StudyDatabase, TimeProvider.System, studyName).Use(store => store.ListAsync().GetAwaiter().GetResult());
    }
}
