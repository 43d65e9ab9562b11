using Qua2SeDiMo.Diffusion;
using Qua2SeDiMo.Labelling;
using Qua2SeDiMo.Pipelines;
using Qua2SeDiMo.Runs;
using Qua2SeDiMo.Stages;
using Qua2SeDiMo.Studies;
using Qua2SeDiMo.Tests.Studies;
using Xunit;

namespace Qua2SeDiMo.Tests.Stages;

/// <summary>All timestamps in results come from the clock with which the model was opened.</summary>
public sealed class ClockTests : IDisposable
{
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("q2-clock-");

    public void Dispose() => folder.Delete(recursive: true);

    [Fact]
    public void A_study_and_its_trials_state_the_time_of_the_clock_that_the_model_was_opened_with()
    {
        var clock = new ManualClock();
        clock.Advance(TimeSpan.FromDays(-3650));
        string path = RepositoryFiles.Golden("pipelines/dit");
        using OpenModel model = OpenModel.Open(path, time: clock);
        var run = new RunDirectory(Path.Combine(folder.FullName, "run"));
        var options = new StudyOptions
        {
            TrialCount = 1,
            ImageCount = 1,
            Generation = new GenerationRequest
            {
                StepCount = 1,
                Height = 64,
                Width = 64,
            },
            Scoring = ScoringFiles.Find(path, ScoringFiles.None, ScoringFiles.None),
        };

        Trial trial = Assert.Single(StudyStage.Run(model, run, options));

        DateTimeOffset then = clock.GetUtcNow();
        Assert.Equal(TrialState.Complete, trial.State);
        Assert.Equal((then, then), (trial.StartedAt, trial.FinishedAt));
        Assert.Equal(then, RunStudy.Open(run).CreatedAt);
    }
}
