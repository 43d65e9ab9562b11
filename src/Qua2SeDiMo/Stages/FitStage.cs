using Qua2SeDiMo.Json;
using Qua2SeDiMo.Labelling;
using Qua2SeDiMo.Pipelines;
using Qua2SeDiMo.Predictors;
using Qua2SeDiMo.Predictors.Evaluation;
using Qua2SeDiMo.Predictors.Import;
using Qua2SeDiMo.Predictors.Training;
using Qua2SeDiMo.Runs;
using Qua2SeDiMo.Sensitivity;
using Qua2SeDiMo.Studies.Objectives;

namespace Qua2SeDiMo.Stages;

/// <summary>Trains the predictor and its baselines on a study's trials.</summary>
public static class FitStage
{
    /// <summary>Trains one network per fold and scores every model on held-out trials.</summary>
    /// <param name="model">The model.</param>
    /// <param name="run">The run directory, with a finished study.</param>
    /// <param name="options">Training options of the network.</param>
    /// <param name="objective">Metric to predict; null for the study's.</param>
    /// <param name="sizeWeight">λ, in metric units per average bit: λ × average bits is subtracted; 0 predicts quality
    /// alone.</param>
    /// <param name="progress">Receives the progress after each epoch.</param>
    /// <param name="cancellationToken">Cancels between epochs.</param>
    /// <exception cref="Q2Exception">There is no study, or it has too few trials.</exception>
    public static Fit Run(
        OpenModel model,
        RunDirectory run,
        PredictorOptions options,
        string? objective = null,
        double sizeWeight = 0,
        IProgress<StageProgress>? progress = null,
        CancellationToken cancellationToken = default
    )
    {
        ArgumentNullException.ThrowIfNull(options);
        LabelledStudy labelled = StudyTrials.Read(model, run, ObjectiveOf(run, objective, sizeWeight));
        return Run(labelled, run, options, progress: progress, cancellationToken: cancellationToken);
    }

    /// <summary>The objective that a run's own study is fitted to.</summary>
    /// <param name="run">The run directory.</param>
    /// <param name="metric">Metric to predict; null for the study's.</param>
    /// <param name="sizeWeight">λ, in metric units per average bit.</param>
    internal static Objective ObjectiveOf(RunDirectory run, string? metric, double sizeWeight) =>
        new(StudyMetric.OfQuality(metric ?? StudyRecord.Read(run).Summary.Objective), sizeWeight);

    /// <summary>Trains one network per fold on any labelled trials, scores every model on held-out trials, and writes
    /// the fit.</summary>
    /// <param name="labelled">The labelled trials.</param>
    /// <param name="run">The run directory; it needs no files of earlier stages.</param>
    /// <param name="options">Training options of the network.</param>
    /// <param name="truth">True sensitivities to compare the scores with, never used for training; null if
    /// unknown.</param>
    /// <param name="progress">Receives the progress after each epoch.</param>
    /// <param name="cancellationToken">Cancels between epochs.</param>
    internal static Fit Run(
        LabelledStudy labelled,
        RunDirectory run,
        PredictorOptions options,
        TrueSensitivity? truth = null,
        IProgress<StageProgress>? progress = null,
        CancellationToken cancellationToken = default
    )
    {
        ArgumentNullException.ThrowIfNull(labelled);
        ArgumentNullException.ThrowIfNull(run);
        ArgumentNullException.ThrowIfNull(options);
        IProgress<TrainingProgress>? inner = progress is null
            ? null
            : new Relay<TrainingProgress>(step =>
                progress.Report(
                    new StageProgress(
                        "Training the predictor",
                        ((double)step.Fold * step.EpochCount) + step.Epoch,
                        (double)step.FoldCount * step.EpochCount,
                        Describe(step)
                    )
                )
            );
        var checkpoints = new FitCheckpoints(
            run.PredictorCheckpointsOf(options.Loss.ToString()),
            labelled.Origin,
            options
        );
        using FittedModels fitted = CrossValidation.Run(
            labelled.Training,
            options,
            labelled.Groups,
            checkpoints.Of,
            inner,
            cancellationToken
        );
        var record = new Fit(
            labelled.Origin.Target,
            options,
            fitted.Result,
            labelled.Origin,
            FitWords.Of(fitted.Result)
        )
        {
            Algorithm = AlgorithmVersion.Current,
            Order = FittedFiles.NextOrder(run, options.Loss),
            Truth = truth?.Compare(
                labelled.Training,
                labelled.Units,
                ScoreSources.Of(labelled.Training, fitted.Predictors, fitted.Ridge)
            ),
        };
        PredictorFile.Write(
            run.PredictorWeightsOf(options.Loss.ToString()),
            fitted.Predictors,
            fitted.Ridge.Solution,
            record
        );
        OwnJson.Write(run.PredictorReportOf(options.Loss.ToString()), record);
        checkpoints.Delete();
        return record;
    }

    private static string Describe(TrainingProgress step)
    {
        string loss = double.IsNaN(step.Loss) ? "continued" : $"loss {step.Loss:0.000}";
        return step.HeldOut is not { } rank
            ? $"fold {step.Fold + 1}, {loss}"
            : $"fold {step.Fold + 1}, {loss}, held-out SRCC {rank.Srcc:0.000}, NDCG {rank.Ndcg:0.000}, by hop SRCC "
                + $"{Hops(rank.HopSrcc)}, NDCG {Hops(rank.HopNdcg)}";

        static string Hops(IReadOnlyList<double> values) => string.Join(' ', values.Select(value => $"{value:0.00}"));
    }
}
