using Qua2SeDiMo.Numerics;
using Qua2SeDiMo.Predictors.Data;
using Qua2SeDiMo.Predictors.Network;

namespace Qua2SeDiMo.Predictors.Training;

/// <summary>One training run, epoch by epoch: the network, its optimizer, the order of trials, and, with early
/// stopping, the best weights so far.</summary>
internal sealed class TrainingRun
{
    private const double ClipNorm = 5;
    private const int ValidationPart = 8;
    private const int MinValidationTrials = 8;
    private const int ValidationPeriod = 4;

    private readonly TrainingSet study;
    private readonly StudyRows rows;
    private readonly PredictorOptions options;
    private readonly Pcg32 random;
    private readonly bool mayStopEarly;
    private readonly int[] validation,
        training;
    private readonly AdamW optimizer;
    private readonly CosineSchedule schedule;
    private readonly RowBatch batch;
    private readonly BatchLoss loss;
    private BestEpoch? best;

    /// <summary>Shuffles the trials, holds some out for early stopping if that is on, and initializes the
    /// network.</summary>
    /// <param name="study">Graph, options, labels.</param>
    /// <param name="rows">The study's trials as rows.</param>
    /// <param name="trials">Trials to train on.</param>
    /// <param name="options">Training options.</param>
    public TrainingRun(TrainingSet study, StudyRows rows, ReadOnlySpan<int> trials, PredictorOptions options)
    {
        (this.study, this.rows, this.options) = (study, rows, options);
        int[] order = trials.ToArray();
        TargetScale scale = options.ScaleFor([.. order.Select(t => study.Trials[t].Target)]);
        random = new Pcg32(options.Seed, 1);
        random.Shuffle<int>(order);
        mayStopEarly = options.EarlyStopping && !options.Faithful && order.Length >= 2 * ValidationPart;
        int held = mayStopEarly ? Math.Max(MinValidationTrials, order.Length / ValidationPart) : 0;
        (validation, training) = (order[..held], order[held..]);
        var network = new PredictorNetwork(new PredictorShape(study.Topology.Positions), options.Threads);
        network.Initialize(options.Seed);
        Predictor = new Predictor(network, scale, options.Loss);
        optimizer = new AdamW(network.Parameters.TrainedCount, options.WeightDecay);
        EpochCount = options.EpochsOrDefault;
        schedule = new CosineSchedule(options.LearningRate, EpochCount);
        batch = new RowBatch(rows.Plan);
        loss = new BatchLoss(new RankingLoss(options.Loss, options.Hops, lambdaTrains: !options.Faithful));
    }

    /// <summary>The predictor in its current state. The caller disposes of it.</summary>
    public Predictor Predictor { get; }

    /// <summary>Number of epochs planned.</summary>
    public int EpochCount { get; }

    /// <summary>Number of epochs done.</summary>
    public int EpochsDone { get; private set; }

    /// <summary>Whether training has ended.</summary>
    public bool IsFinished { get; private set; }

    /// <summary>Resumes from a saved state.</summary>
    /// <returns>False when the state belongs to another training run; this run then starts from the
    /// beginning.</returns>
    public bool TryRestore(TrainingState state)
    {
        if (!Fits(state))
            return false;
        state.Order.CopyTo(training, 0);
        Predictor.Parameters.Restore(state.Weights);
        optimizer.Restore(state.Moments, state.Steps);
        (random.State, best, IsFinished, EpochsDone) = (state.Random, state.Best, state.Finished, state.Epoch);
        return true;
    }

    /// <summary>The state from which a later process can resume.</summary>
    public TrainingState State() =>
        new(
            EpochsDone,
            IsFinished,
            random.State,
            [.. training],
            Predictor.Parameters.Snapshot(),
            optimizer.Snapshot(),
            optimizer.Steps,
            best
        );

    /// <summary>Trains on all trials once, in a new random order.</summary>
    /// <returns>Mean loss of the epoch.</returns>
    public double Epoch()
    {
        random.Shuffle<int>(training);
        double rate = schedule.Rate(EpochsDone);
        int steps = options.StepsPerEpoch(training.Length);
        double total = 0;
        for (int step = 0; step < steps; step++)
        {
            // Steps of about equal size; the published loop takes full batches and a smaller last one.
            int start = options.Faithful ? step * options.BatchSize : (int)((long)training.Length * step / steps);
            int end = options.Faithful
                ? Math.Min(training.Length, start + options.BatchSize)
                : (int)((long)training.Length * (step + 1) / steps);
            total += Step(training.AsSpan(start, end - start), rate) * (end - start) / training.Length;
        }
        EpochsDone++;
        IsFinished = EpochsDone == EpochCount;
        return total;
    }

    /// <summary>With early stopping, ranks the held-out trials every few epochs and ends training after a quarter of
    /// all epochs without improvement.</summary>
    public void StopIfNoBetter()
    {
        if (!mayStopEarly || (EpochsDone % ValidationPeriod != 0 && !IsFinished))
            return;
        double rank = RankStatistics.Spearman(
            [.. Predictor.Predict(rows, validation).Predictions],
            [.. validation.Select(t => study.Trials[t].Target)]
        );
        if (best is null || rank > best.Rank)
            best = new BestEpoch(rank, EpochsDone - 1, Predictor.Parameters.Snapshot());
        else
            IsFinished |= EpochsDone - 1 - best.Epoch > Math.Max(ValidationPeriod, EpochCount / 4);
    }

    /// <summary>Restores the weights of the best epoch; does nothing without early stopping.</summary>
    public void TakeBest()
    {
        if (best is not null)
            Predictor.Parameters.Restore(best.Weights);
    }

    private bool Fits(TrainingState state) =>
        state.Epoch > 0
        && state.Epoch <= EpochCount
        && state.Finished | state.Epoch < EpochCount
        && state.Order.Order().SequenceEqual(training.Order())
        && state.Weights.Fit(Predictor.Parameters.Snapshot())
        && state.Moments.Fit(optimizer.Snapshot())
        && state.Moments.Second.All(moment => moment >= 0)
        && state.Steps > 0
        && (
            state.Best is null
            || (mayStopEarly && state.Best.Epoch < state.Epoch && state.Best.Weights.Fit(state.Weights))
        );

    private double Step(ReadOnlySpan<int> chosen, double rate)
    {
        double[] targets = new double[chosen.Length];
        for (int i = 0; i < targets.Length; i++)
            targets[i] = Predictor.Scale.Apply(study.Trials[chosen[i]].Target);
        batch.Select(chosen, options.Threads > 0 ? options.Threads : Environment.ProcessorCount);
        double value = loss.Backward(Predictor.Network, batch, rows.Features, targets);
        if (options.Faithful)
            AddClippedCopy(Predictor.Parameters.Gradients);
        optimizer.Step(Predictor.Parameters.Values, Predictor.Parameters.Gradients, rate);
        return value;
    }

    private static void AddClippedCopy(float[] gradients)
    {
        double norm = Math.Sqrt(gradients.Sum(gradient => (double)gradient * gradient));
        float times = (float)(1 + Math.Min(1, ClipNorm / norm));
        for (int i = 0; i < gradients.Length; i++)
            gradients[i] *= times;
    }
}
