using Qua2SeDiMo.Predictors.Data;

namespace Qua2SeDiMo.Predictors.Training;

/// <summary>Trains one predictor on some trials of a study.</summary>
internal static class PredictorTrainer
{
    // A ranking loss needs several trials per step.
    private const int MinTrialsPerStep = 4;

    // A checkpoint is about half a megabyte; saving one every ten epochs takes no noticeable time.
    private const int CheckpointPeriod = 10;

    /// <summary>Trains a predictor.</summary>
    /// <param name="study">Graph, options, labels.</param>
    /// <param name="rows">The study's trials as rows.</param>
    /// <param name="trials">Trials to train on.</param>
    /// <param name="options">Training options.</param>
    /// <param name="progress">Called after each epoch with the predictor, the epochs done, the epochs planned and the
    /// mean loss.</param>
    /// <param name="checkpoint">State to resume from and callback that saves states; null for neither.</param>
    /// <param name="cancellationToken">Cancels between epochs; the state is saved first.</param>
    public static Predictor Train(
        TrainingSet study,
        StudyRows rows,
        ReadOnlySpan<int> trials,
        PredictorOptions options,
        Action<Predictor, int, int, double>? progress = null,
        TrainingCheckpoint? checkpoint = null,
        CancellationToken cancellationToken = default
    )
    {
        if (trials.Length < MinTrialsPerStep)
        {
            throw new PredictorFormatException(
                $"{trials.Length} training trials are too few; at least {MinTrialsPerStep} are needed. Label "
                    + "more allocations."
            )
            {
                Remedy = Remedy.MoreTrials,
            };
        }
        var run = new TrainingRun(study, rows, trials, options);
        if (checkpoint?.Start is { } start && run.TryRestore(start))
            progress?.Invoke(run.Predictor, run.EpochsDone, run.EpochCount, double.NaN);
        while (!run.IsFinished)
        {
            if (cancellationToken.IsCancellationRequested && run.EpochsDone > 0)
                checkpoint?.Keep(run.State());
            cancellationToken.ThrowIfCancellationRequested();
            double loss = run.Epoch();
            progress?.Invoke(run.Predictor, run.EpochsDone, run.EpochCount, loss);
            run.StopIfNoBetter();
            if (run.EpochsDone % CheckpointPeriod == 0 || run.IsFinished)
                checkpoint?.Keep(run.State());
        }
        run.TakeBest();
        run.Predictor.MeasureMoments(rows, trials);
        return run.Predictor;
    }
}
