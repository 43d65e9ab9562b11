using Qua2SeDiMo.Numerics;
using Qua2SeDiMo.Predictors.Data;
using Qua2SeDiMo.Predictors.Network;

namespace Qua2SeDiMo.Predictors.Training;

/// <summary>Trains one predictor on some trials of a study.</summary>
internal static class PredictorTrainer
{
    private const double ClipNorm = 5;
    private const int ValidationPart = 8;
    private const int MinValidationTrials = 8;
    private const int ValidationPeriod = 4;

    // Ranking needs something to rank.
    private const int MinTrialsPerStep = 4;

    // Saving half a megabyte every few seconds costs nothing that could be noticed.
    private const int CheckpointPeriod = 10;

    /// <summary>Trains.</summary>
    /// <param name="study">Graph, options, labels.</param>
    /// <param name="rows">The study's trials as rows.</param>
    /// <param name="trials">Trials to train on.</param>
    /// <param name="options">How.</param>
    /// <param name="progress">Called after each epoch with the predictor as it is, the epochs done, those planned and
    /// the mean loss.</param>
    /// <param name="checkpoint">Where to go on from, and where to keep states; null does neither.</param>
    /// <param name="cancellationToken">Stops between epochs.</param>
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
        var random = new Pcg32(options.Seed, 1);
        int[] order = trials.ToArray();
        double[] labels = [.. order.Select(t => study.Trials[t].Target)];
        TargetScale scale = options.ScaleFor(labels);
        random.Shuffle<int>(order);
        bool stopEarly = options.EarlyStopping && !options.Faithful && order.Length >= 2 * ValidationPart;
        int held = stopEarly ? Math.Max(MinValidationTrials, order.Length / ValidationPart) : 0;
        int[] validation = order[..held],
            training = order[held..];

        var network = new PredictorNetwork(new PredictorShape(study.Topology.Positions), options.Threads);
        network.Initialize(options.Seed);
        var predictor = new Predictor(network, scale, options.Loss);
        var run = new Run(study, rows, network, scale, options);
        int epochs = options.EpochsOrDefault,
            done = 0;
        var schedule = new CosineSchedule(options.LearningRate, epochs);
        BestEpoch? best = null;
        bool finished = false;
        if (checkpoint?.Start is { } start && Fits(start, training, epochs, stopEarly, run))
        {
            start.Order.CopyTo(training, 0);
            network.Parameters.Restore(start.Weights);
            run.Optimizer.Restore(start.Moments, start.Steps);
            (random.State, best, finished, done) = (start.Random, start.Best, start.Finished, start.Epoch);
            progress?.Invoke(predictor, done, epochs, double.NaN);
        }
        while (!finished)
        {
            if (cancellationToken.IsCancellationRequested && done > 0)
                Keep();
            cancellationToken.ThrowIfCancellationRequested();
            random.Shuffle<int>(training);
            double loss = run.Epoch(training, schedule.Rate(done));
            done++;
            finished = done == epochs;
            progress?.Invoke(predictor, done, epochs, loss);
            if (stopEarly && (done % ValidationPeriod == 0 || finished))
                finished |= Stops();
            if (done % CheckpointPeriod == 0 || finished)
                Keep();
        }
        if (best is not null)
            network.Parameters.Restore(best.Weights);
        predictor.MeasureMoments(rows, trials);
        return predictor;

        void Keep() =>
            checkpoint?.Keep(
                new TrainingState(
                    done,
                    finished,
                    random.State,
                    [.. training],
                    network.Parameters.Snapshot(),
                    run.Optimizer.Snapshot(),
                    run.Optimizer.Steps,
                    best
                )
            );

        bool Stops()
        {
            double rank = RankStatistics.Spearman(
                [.. predictor.Predict(rows, validation).Predictions],
                [.. validation.Select(t => study.Trials[t].Target)]
            );
            if (best is not null && !(rank > best.Rank))
                return done - 1 - best.Epoch > Math.Max(ValidationPeriod, epochs / 4);
            best = new BestEpoch(rank, done - 1, network.Parameters.Snapshot());
            return false;
        }
    }

    // A state of another training is no error: training then starts from the beginning.
    private static bool Fits(TrainingState state, int[] training, int epochs, bool stopEarly, Run run) =>
        state.Epoch > 0
        && state.Epoch <= epochs
        && state.Finished | state.Epoch < epochs
        && state.Order.Order().SequenceEqual(training.Order())
        && state.Weights.Fit(run.Network.Parameters.Snapshot())
        && state.Moments.Fit(run.Optimizer.Snapshot())
        && state.Moments.Second.All(moment => moment >= 0)
        && state.Steps > 0
        && (
            state.Best is null || (stopEarly && state.Best.Epoch < state.Epoch && state.Best.Weights.Fit(state.Weights))
        );

    private sealed class Run(
        TrainingSet study,
        StudyRows rows,
        PredictorNetwork network,
        TargetScale scale,
        PredictorOptions options
    )
    {
        public PredictorNetwork Network => network;

        public AdamW Optimizer { get; } = new(network.Parameters.TrainedCount, options.WeightDecay);

        private readonly RowBatch batch = new(rows.Plan);
        private readonly BatchLoss loss = new(
            new RankingLoss(options.Loss, options.Hops, lambdaTrains: !options.Faithful)
        );

        public double Epoch(int[] trials, double rate)
        {
            int steps = options.StepsPerEpoch(trials.Length);
            double total = 0;
            for (int step = 0; step < steps; step++)
            {
                // Even shares; the published loop takes full batches and leaves a small one for the end.
                int start = options.Faithful ? step * options.BatchSize : (int)((long)trials.Length * step / steps);
                int end = options.Faithful
                    ? Math.Min(trials.Length, start + options.BatchSize)
                    : (int)((long)trials.Length * (step + 1) / steps);
                ReadOnlySpan<int> chosen = trials.AsSpan(start, end - start);
                double[] targets = new double[chosen.Length];
                for (int i = 0; i < targets.Length; i++)
                    targets[i] = scale.Apply(study.Trials[chosen[i]].Target);
                batch.Select(chosen, options.Threads > 0 ? options.Threads : Environment.ProcessorCount);
                total += loss.Backward(network, batch, rows.Features, targets) * chosen.Length / trials.Length;
                if (options.Faithful)
                    AddClippedCopy(network.Parameters.Gradients);
                Optimizer.Step(network.Parameters.Values, network.Parameters.Gradients, rate);
            }
            return total;
        }

        private static void AddClippedCopy(float[] gradients)
        {
            double norm = Math.Sqrt(gradients.Sum(gradient => (double)gradient * gradient));
            float times = (float)(1 + Math.Min(1, ClipNorm / norm));
            for (int i = 0; i < gradients.Length; i++)
                gradients[i] *= times;
        }
    }
}
