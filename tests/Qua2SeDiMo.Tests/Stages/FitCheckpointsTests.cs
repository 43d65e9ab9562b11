using Qua2SeDiMo.Predictors.Data;
using Qua2SeDiMo.Predictors.Import;
using Qua2SeDiMo.Predictors.Training;
using Qua2SeDiMo.Runs;
using Qua2SeDiMo.Stages;
using Qua2SeDiMo.Tests.Predictors;
using Xunit;

namespace Qua2SeDiMo.Tests.Stages;

public sealed class FitCheckpointsTests : IDisposable
{
    private static readonly TrainedOn Origin = new("files", null, null, "target", 24, 150, 40, "abc", null, []);
    private static readonly PredictorOptions Options = new() { Epochs = 4, Threads = 2 };
    private readonly string folder = Directory.CreateTempSubdirectory("checkpoints").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    private string FileOf(int fold) => Path.Combine(folder, $"fold{fold}.safetensors");

    [Fact]
    public void A_state_is_read_back_as_it_was()
    {
        TrainingState state = State() with { Best = new BestEpoch(0.25, 0, State().Weights) };
        new FitCheckpoints(folder, Origin, Options).Of(3).Keep(state);

        TrainingState read = new FitCheckpoints(folder, Origin, Options with { Threads = 1 }).Of(3).Start!;

        Assert.Equal(
            (state.Epoch, state.Finished, state.Random, state.Steps),
            (read.Epoch, read.Finished, read.Random, read.Steps)
        );
        Assert.Equal(state.Order, read.Order);
        Assert.Equal(state.Weights.First, read.Weights.First);
        Assert.Equal(state.Weights.Second, read.Weights.Second);
        Assert.Equal(state.Moments.Second, read.Moments.Second);
        Assert.Equal((0.25, 0), (read.Best!.Rank, read.Best.Epoch));
    }

    [Fact]
    public void A_state_of_another_study_other_options_or_another_fold_is_passed_over()
    {
        new FitCheckpoints(folder, Origin, Options).Of(0).Keep(State());
        Assert.NotNull(new FitCheckpoints(folder, Origin, Options).Of(0).Start);
        Assert.Null(new FitCheckpoints(folder, Origin with { Fingerprint = "abd" }, Options).Of(0).Start);
        Assert.Null(new FitCheckpoints(folder, Origin with { TrialCount = 25 }, Options).Of(0).Start);
        Assert.Null(new FitCheckpoints(folder, Origin, Options with { Seed = 1 }).Of(0).Start);
        Assert.Null(new FitCheckpoints(folder, Origin, Options with { Faithful = true }).Of(0).Start);
        File.Copy(FileOf(0), FileOf(1));
        Assert.Null(new FitCheckpoints(folder, Origin, Options).Of(1).Start);
    }

    [Fact]
    public void A_damaged_file_is_passed_over()
    {
        var checkpoints = new FitCheckpoints(folder, Origin, Options);
        checkpoints.Of(0).Keep(State());
        byte[] good = File.ReadAllBytes(FileOf(0));
        foreach (int length in new[] { 0, 7, 100, good.Length / 2, good.Length - 1 })
        {
            File.WriteAllBytes(FileOf(0), good[..length]);
            Assert.Null(checkpoints.Of(0).Start);
        }
        foreach (
            (string from, string to) in new[]
            {
                ("\"epoch\":\"2\"", "\"epoch\":\"x\""),
                ("\"steps\":", "\"stops\":"),
                ("weights.first", "weights.fIrst"),
                ("\"random\":\"", "\"random\":\"-"),
            }
        )
        {
            string text = System.Text.Encoding.Latin1.GetString(good);
            Assert.Contains(from, text, StringComparison.Ordinal);
            File.WriteAllBytes(
                FileOf(0),
                System.Text.Encoding.Latin1.GetBytes(text.Replace(from, to, StringComparison.Ordinal))
            );
            Assert.Null(checkpoints.Of(0).Start);
        }
    }

    [Fact]
    public void A_fit_that_was_cancelled_ends_with_the_same_bytes_and_leaves_no_checkpoints()
    {
        TrainingSet study = CrossValidationTests.Part(CrossValidationTests.Study(), 15);
        var labelled = new LabelledStudy(study, [], [], Origin, [], [], null);
        var options = new PredictorOptions { Epochs = 6, Threads = 1 };
        RunDirectory whole = new(Path.Combine(folder, "whole")),
            broken = new(Path.Combine(folder, "broken"));
        FitStage.Run(labelled, whole, options);
        foreach (int reports in new[] { 3, 9, 40 })
        {
            using var cancellation = new CancellationTokenSource();
            int seen = 0;
            try
            {
                FitStage.Run(
                    labelled,
                    broken,
                    options,
                    progress: new Counter(() =>
                    {
                        if (++seen == reports)
                            cancellation.Cancel();
                    }),
                    cancellationToken: cancellation.Token
                );
            }
            catch (OperationCanceledException)
            {
                Assert.NotEmpty(Directory.GetFiles(broken.PredictorCheckpointsOf("Srcc")));
            }
        }
        Assert.Equal(File.ReadAllBytes(whole.PredictorWeights), File.ReadAllBytes(broken.PredictorWeights));
        Assert.Equal(File.ReadAllText(whole.PredictorReport), File.ReadAllText(broken.PredictorReport));
        Assert.False(Directory.Exists(broken.PredictorCheckpointsOf("Srcc")));
    }

    private static TrainingState State()
    {
        TrainingSet study = CrossValidationTests.Part(CrossValidationTests.Study(), 12);
        TrainingState? kept = null;
        PredictorTrainer
            .Train(
                study,
                new StudyRows(study),
                [.. Enumerable.Range(0, 12)],
                new PredictorOptions { Epochs = 2, Threads = 1 },
                checkpoint: new TrainingCheckpoint(null, state => kept = state)
            )
            .Dispose();
        return kept!;
    }

    private sealed class Counter(Action count) : IProgress<StageProgress>
    {
        public void Report(StageProgress value) => count();
    }
}
