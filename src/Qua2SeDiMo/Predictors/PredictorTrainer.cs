using Qua2SeDiMo.Numerics;

namespace Qua2SeDiMo.Predictors;

/// <summary>Trains one predictor on some trials of a study.</summary>
internal static class PredictorTrainer
{
    private const double ClipNorm = 5;
    private const int ValidationPart = 8;
    private const int FewestValidationTrials = 8;
    private const int ValidationPeriod = 4;

    // Ranking needs something to rank.
    private const int FewestTrialsPerStep = 4;

    /// <summary>Trains.</summary>
    /// <param name="study">Graph, options, labels.</param>
    /// <param name="rows">The study's trials as rows.</param>
    /// <param name="trials">Trials to train on.</param>
    /// <param name="options">How.</param>
    /// <param name="progress">Called after each epoch with the epochs done, those planned and the mean loss.</param>
    /// <param name="cancellationToken">Stops between epochs.</param>
    public static Predictor Train(PredictorStudy study, StudyRows rows, ReadOnlySpan<int> trials, PredictorOptions options,
        Action<int, int, double>? progress = null, CancellationToken cancellationToken = default)
    {
        if (trials.Length < FewestTrialsPerStep)
        {
            throw new PredictorFormatException($"{trials.Length} training trials are too few; at least {FewestTrialsPerStep} are needed. Label more allocations with 'q2 study'.");
        }
        var random = new Pcg32(options.Seed, 1);
        int[] order = trials.ToArray();
        double[] labels = [.. order.Select(t => study.Trials[t].Target)];
        TargetScale scale = options.ScaleFor(labels);
        random.Shuffle<int>(order);
        bool stopEarly = options.EarlyStopping && !options.Faithful && order.Length >= 2 * ValidationPart;
        int held = stopEarly ? Math.Max(FewestValidationTrials, order.Length / ValidationPart) : 0;
        int[] validation = order[..held], training = order[held..];

        var network = new PredictorNetwork(new PredictorShape(study.Topology.Positions), options.Threads);
        network.Initialize(options.Seed);
        var predictor = new Predictor(network, scale, options.Loss);
        var run = new Run(study, rows, network, scale, options);
        int epochs = options.EpochsOrDefault;
        var schedule = new CosineSchedule(options.LearningRate, epochs);
        (double Rank, int Epoch, (float[], float[]) Weights)? best = null;
        for (int epoch = 0; epoch < epochs; epoch++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            random.Shuffle<int>(training);
            double loss = run.Epoch(training, schedule.Rate(epoch));
            progress?.Invoke(epoch + 1, epochs, loss);
            if (!stopEarly || ((epoch + 1) % ValidationPeriod != 0 && epoch + 1 < epochs)) continue;
            double rank = RankStatistics.Spearman([.. predictor.Predict(rows, validation).Predictions], [.. validation.Select(t => study.Trials[t].Target)]);
            if (best is null || rank > best.Value.Rank) best = (rank, epoch, network.Parameters.Snapshot());
            else if (epoch - best.Value.Epoch > Math.Max(ValidationPeriod, epochs / 4)) break;
        }
        if (best is not null) network.Parameters.Restore(best.Value.Weights);
        predictor.MeasureMoments(rows, trials);
        return predictor;
    }

    private sealed class Run(PredictorStudy study, StudyRows rows, PredictorNetwork network, TargetScale scale, PredictorOptions options)
    {
        private readonly AdamW optimizer = new(network.Parameters.TrainedCount, options.WeightDecay);
        private readonly RowBatch batch = new(rows.Plan);
        private readonly BatchLoss loss = new(new RankingLoss(options.Loss, options.Hops, lambdaTrains: !options.Faithful));

        public double Epoch(int[] trials, double rate)
        {
            int steps = options.StepsPerEpoch(trials.Length);
            double total = 0;
            for (int step = 0; step < steps; step++)
            {
                // Even shares; the published loop takes full batches and leaves a small one for the end.
                int start = options.Faithful ? step * options.BatchSize : (int)((long)trials.Length * step / steps);
                int end = options.Faithful ? Math.Min(trials.Length, start + options.BatchSize) : (int)((long)trials.Length * (step + 1) / steps);
                ReadOnlySpan<int> chosen = trials.AsSpan(start, end - start);
                double[] targets = new double[chosen.Length];
                for (int i = 0; i < targets.Length; i++) targets[i] = scale.Apply(study.Trials[chosen[i]].Target);
                batch.Select(chosen, options.Threads > 0 ? options.Threads : Environment.ProcessorCount);
                total += loss.Backward(network, batch, rows.Features, targets) * chosen.Length / trials.Length;
                if (options.Faithful) AddClippedCopy(network.Parameters.Gradients);
                optimizer.Step(network.Parameters.Values, network.Parameters.Gradients, rate);
            }
            return total;
        }

        private static void AddClippedCopy(float[] gradients)
        {
            double norm = Math.Sqrt(gradients.Sum(gradient => (double)gradient * gradient));
            float times = (float)(1 + Math.Min(1, ClipNorm / norm));
            for (int i = 0; i < gradients.Length; i++) gradients[i] *= times;
        }
    }
}
