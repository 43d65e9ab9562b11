using Qua2SeDiMo.Predictors.Data;
using Qua2SeDiMo.Predictors.Evaluation;
using Qua2SeDiMo.Predictors.Network;
using Qua2SeDiMo.Predictors.Training;
using Xunit;

namespace Qua2SeDiMo.Tests.Predictors;

public sealed class TrainingResumeTests
{
    private static readonly TrainingSet Study = CrossValidationTests.Part(CrossValidationTests.Study(), 24);
    private static readonly StudyRows Rows = new(Study);
    private static readonly int[] Training = [.. Enumerable.Range(0, 24)];

    [Theory]
    [InlineData(false, 1)]
    [InlineData(false, 7)]
    [InlineData(true, 6)]
    [InlineData(true, 11)]
    public void A_training_that_was_cancelled_goes_on_to_the_same_bits(bool earlyStopping, int cancelledAfter)
    {
        var options = new PredictorOptions
        {
            Epochs = 12,
            EarlyStopping = earlyStopping,
            Threads = 1,
        };
        using Predictor whole = PredictorTrainer.Train(Study, Rows, Training, options);
        TrainingState state = Cancelled(options, cancelledAfter);
        Assert.Equal(cancelledAfter, state.Epoch);

        int first = 0;
        using Predictor rest = PredictorTrainer.Train(
            Study,
            Rows,
            Training,
            options with
            {
                Threads = 2,
            },
            (_, done, _, _) => first = first == 0 ? done : first,
            new TrainingCheckpoint(state, _ => { })
        );

        Assert.Equal(cancelledAfter, first);
        AssertSameBits(whole, rest);
    }

    [Fact]
    public void A_finished_training_is_not_repeated()
    {
        var options = new PredictorOptions { Epochs = 3, Threads = 1 };
        TrainingState? last = null;
        using Predictor whole = PredictorTrainer.Train(
            Study,
            Rows,
            Training,
            options,
            checkpoint: new TrainingCheckpoint(null, state => last = state)
        );
        Assert.True(last!.Finished);
        var epochs = new List<int>();
        using Predictor again = PredictorTrainer.Train(
            Study,
            Rows,
            Training,
            options,
            (_, done, _, _) => epochs.Add(done),
            new TrainingCheckpoint(last, _ => Assert.Fail("nothing to keep"))
        );
        Assert.Equal([3], epochs);
        AssertSameBits(whole, again);
    }

    [Fact]
    public void A_state_that_does_not_fit_begins_anew()
    {
        var options = new PredictorOptions { Epochs = 4, Threads = 1 };
        using Predictor whole = PredictorTrainer.Train(Study, Rows, Training, options);
        TrainingState good = Cancelled(options, 2);
        float[] broken = [.. good.Weights.First];
        broken[5] = float.NaN;
        TrainingState[] others =
        [
            good with
            {
                Epoch = 0,
            },
            good with
            {
                Epoch = 5,
            },
            good with
            {
                Epoch = 4,
            },
            good with
            {
                Order = [.. good.Order.Reverse().Skip(1)],
            },
            good with
            {
                Order = [.. good.Order.Select(_ => good.Order[0])],
            },
            good with
            {
                Weights = good.Weights with { First = broken },
            },
            good with
            {
                Moments = new NetworkWeights(good.Moments.First, []),
            },
            good with
            {
                Steps = 0,
            },
            good with
            {
                Best = new BestEpoch(1, 1, good.Weights),
            },
        ];
        foreach (TrainingState other in others)
        {
            var epochs = new List<int>();
            using Predictor trained = PredictorTrainer.Train(
                Study,
                Rows,
                Training,
                options,
                (_, done, _, _) => epochs.Add(done),
                new TrainingCheckpoint(other, _ => { })
            );
            Assert.Equal([1, 2, 3, 4], epochs);
            AssertSameBits(whole, trained);
        }
    }

    [Fact]
    public void Early_stopping_keeps_the_best_epoch_and_is_off_in_the_published_loop()
    {
        var options = new PredictorOptions
        {
            Epochs = 60,
            EarlyStopping = true,
            Threads = 1,
        };
        Assert.InRange(Epochs(options), 16, 59);
        Assert.Equal(20, Epochs(options with { Epochs = 20, Faithful = true }));
        Assert.Equal(20, Epochs(options with { Epochs = 20, EarlyStopping = false }));

        static int Epochs(PredictorOptions how)
        {
            int last = 0;
            PredictorTrainer.Train(Study, Rows, Training, how, (_, done, _, _) => last = done).Dispose();
            return last;
        }
    }

    [Fact]
    public void Watching_the_held_out_trials_does_not_change_the_training()
    {
        TrainingSet study = CrossValidationTests.Part(CrossValidationTests.Study(), 15);
        var options = new PredictorOptions { Epochs = 5, Threads = 1 };
        var seen = new List<TrainingProgress>();
        using FittedModels blind = CrossValidation.Run(study, options),
            watched = CrossValidation.Run(study, options, progress: new Watcher(seen.Add));
        for (int fold = 0; fold < blind.Predictors.Count; fold++)
            AssertSameBits(blind.Predictors[fold], watched.Predictors[fold]);
        TrainingProgress last = seen[^1];
        Assert.Equal((4, 5, 5, 5), (last.Fold, last.FoldCount, last.Epoch, last.EpochCount));
        Assert.Equal(5, last.HeldOut!.HopSrcc.Count);
        Assert.Equal(blind.Result.Find(ModelNames.Network)!.Folds[4].Srcc, last.HeldOut.Srcc);
        Assert.Equal(blind.Result.Hops[2].NdcgAll[4], last.HeldOut.HopNdcg[2]);
    }

    private static TrainingState Cancelled(PredictorOptions options, int after)
    {
        using var cancellation = new CancellationTokenSource();
        TrainingState? kept = null;
        Assert.ThrowsAny<OperationCanceledException>(() =>
            PredictorTrainer.Train(
                Study,
                Rows,
                Training,
                options,
                (_, done, _, _) =>
                {
                    if (done == after)
                        cancellation.Cancel();
                },
                new TrainingCheckpoint(null, state => kept = state),
                cancellation.Token
            )
        );
        return kept!;
    }

    private static void AssertSameBits(Predictor expected, Predictor actual)
    {
        IReadOnlyDictionary<string, float[]> arrays = actual.Parameters.ToArrays();
        Assert.All(
            expected.Parameters.ToArrays(),
            array =>
                Assert.Equal(
                    array.Value.Select(BitConverter.SingleToInt32Bits),
                    arrays[array.Key].Select(BitConverter.SingleToInt32Bits)
                )
        );
        Assert.Equal(expected.HopMean, actual.HopMean);
        Assert.Equal(expected.HopDeviation, actual.HopDeviation);
    }

    private sealed class Watcher(Action<TrainingProgress> see) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value) => see(value);
    }
}
