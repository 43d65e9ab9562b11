using Qua2SeDiMo.Runs;
using Xunit;

namespace Qua2SeDiMo.Cli.Tests.Cases;

/// <summary>Study databases that another program changed: every verb that reads one rejects it and prints no
/// results.</summary>
[Collection(SmallStudy.Name)]
public sealed class HostileStudyTests(SmallStudy small)
{
    [Theory]
    [InlineData(
        "update trial set state='running', host=null, heartbeat_at=null where number=2 and study_id=1",
        "trial 2"
    )]
    [InlineData("alter table trial drop column failure", "failure")]
    [InlineData("delete from trial_metric where trial_id=3", "trial 2")]
    [InlineData("update trial set versions='x'", "versions")]
    [InlineData("update trial set started_at=9223372036854775807", "started_at")]
    [InlineData("update trial set number=9223372036854775807 where number=1", "number")]
    [InlineData("update study set created_at=9223372036854775807", "created_at")]
    [InlineData(
        "create trigger y after insert on trial_metric begin update trial_metric set value=1; end",
        "trigger 'y'"
    )]
    [InlineData("delete from trial_metric where trial_id=3 and name='average-bits'", "average-bits")]
    [InlineData("delete from trial_metric where trial_id=3 and name='psnr'", "psnr")]
    [InlineData("update trial_metric set value=-1 where trial_id=3 and name='size-bytes'", "size-bytes")]
    [InlineData("update trial set allocation='{}' where number=4", "trial 4")]
    [InlineData("update trial set allocation='{\"no.such.weight\":\"uaq-4\"}' where number=4", "no.such.weight")]
    public async Task A_changed_study_is_refused(string statement, string word)
    {
        RunDirectory run = small.NewRun();
        SmallStudy.Execute(run, statement);
        (await Q2.RunAsync(small.Study(run))).Refused(run.StudyDatabase, word);
    }

    [Theory]
    [InlineData("update trial set seed=1 where number=1", "seed")]
    [InlineData("update trial set name='../../x' where number=1", "'../../x'")]
    [InlineData("update trial set allocation=(select allocation from trial where number=5) where number=4", "trial 4")]
    public async Task A_trial_that_the_study_does_not_propose_is_refused(string statement, string word)
    {
        RunDirectory run = small.NewRun();
        SmallStudy.Execute(run, statement);
        (await Q2.RunAsync(small.Study(run))).Refused(run.StudyDatabase, word);
    }

    [Fact]
    public async Task A_study_without_values_per_image_has_no_reliability_and_a_plan_no_interval()
    {
        RunDirectory run = small.NewRun();
        (await Q2.RunAsync(small.Plan(run))).Succeeded();
        SmallStudy.Execute(
            run,
            "delete from trial_array where name='psnr' and trial_id in (select id from trial where name like 'uniform%')"
        );
        (await Q2.RunAsync(small.Plan(run))).Refused(run.StudyDatabase, "psnr");
        SmallStudy.Execute(run, "update trial set name='../../outside' where name like 'plan%' or name like 'ridge%'");
        (await Q2.RunAsync(small.Plan(run))).Refused(run.StudyDatabase, "../../outside");
    }

    [Fact]
    public async Task Later_verbs_refuse_a_trial_without_metrics_and_one_without_an_option_for_a_weight()
    {
        RunDirectory bare = small.NewRun(),
            partial = small.NewRun();
        SmallStudy.Execute(bare, "delete from trial_metric where trial_id=3");
        SmallStudy.Execute(partial, "update trial set allocation='{}' where number=4");
        foreach (string verb in new[] { "report", "plan", "explain", "fit" })
        {
            (await Q2.RunAsync(verb, small.Model, "--run", bare.DirectoryPath, "--quiet")).Refused(
                bare.StudyDatabase,
                "trial 2"
            );
        }
        (await Q2.RunAsync("fit", small.Model, "--run", partial.DirectoryPath, "--quiet")).Refused(
            partial.StudyDatabase,
            "trial 4",
            "leaves out"
        );
    }
}
