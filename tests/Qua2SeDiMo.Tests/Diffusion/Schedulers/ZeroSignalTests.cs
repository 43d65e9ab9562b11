using Qua2SeDiMo.Diffusion.Schedulers;
using Qua2SeDiMo.Models.Configs;
using Xunit;

namespace Qua2SeDiMo.Tests.Diffusion.Schedulers;

/// <summary>Loops that begin at pure noise need a model that does not predict the noise.</summary>
public sealed class ZeroSignalTests
{
    private const string Zero =
        "\"rescale_betas_zero_snr\": true, \"clip_sample\": false, "
        + "\"beta_start\": 0.00085, \"beta_end\": 0.012, \"beta_schedule\": \"scaled_linear\"";
    private const string OnesAtTheEnd = "\"trained_betas\": [0.1, 0.2, 0.4, 1.0], \"clip_sample\": false";

    [Theory]
    [InlineData("DDIMScheduler", Zero + ", \"timestep_spacing\": \"trailing\"")]
    [InlineData("DDIMScheduler", Zero + ", \"timestep_spacing\": \"linspace\"")]
    [InlineData("DDIMScheduler", OnesAtTheEnd + ", \"timestep_spacing\": \"trailing\"")]
    [InlineData("DDPMScheduler", Zero + ", \"timestep_spacing\": \"trailing\"")]
    [InlineData("DDPMScheduler", OnesAtTheEnd + ", \"timestep_spacing\": \"trailing\"")]
    [InlineData("LCMScheduler", Zero)]
    [InlineData("EulerDiscreteScheduler", Zero)]
    [InlineData("EulerDiscreteScheduler", Zero + ", \"timestep_spacing\": \"trailing\"")]
    [InlineData("EulerDiscreteScheduler", Zero + ", \"use_karras_sigmas\": true")]
    [InlineData("EulerAncestralDiscreteScheduler", Zero)]
    [InlineData("DPMSolverMultistepScheduler", Zero + ", \"timestep_spacing\": \"trailing\"")]
    [InlineData("DPMSolverMultistepScheduler", Zero + ", \"use_karras_sigmas\": true")]
    [InlineData("UniPCMultistepScheduler", Zero + ", \"timestep_spacing\": \"trailing\"")]
    [InlineData("PNDMScheduler", OnesAtTheEnd + ", \"timestep_spacing\": \"trailing\", \"skip_prk_steps\": true")]
    public void A_model_that_predicts_the_noise_is_refused(string className, string settings)
    {
        SchedulerException error = Assert.Throws<SchedulerException>(() => Start(className, settings));
        Assert.Contains("no signal left", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("DDIMScheduler", Zero + ", \"timestep_spacing\": \"leading\", \"steps_offset\": 1")]
    [InlineData("DDIMScheduler", Zero + ", \"timestep_spacing\": \"trailing\", \"prediction_type\": \"v_prediction\"")]
    [InlineData("DDIMScheduler", Zero + ", \"timestep_spacing\": \"trailing\", \"prediction_type\": \"sample\"")]
    [InlineData("DDPMScheduler", Zero + ", \"timestep_spacing\": \"trailing\", \"prediction_type\": \"v_prediction\"")]
    [InlineData("LCMScheduler", Zero + ", \"prediction_type\": \"v_prediction\"")]
    [InlineData("EulerDiscreteScheduler", Zero + ", \"prediction_type\": \"v_prediction\"")]
    [InlineData("DPMSolverMultistepScheduler", Zero + ", \"timestep_spacing\": \"leading\"")]
    [InlineData(
        "DPMSolverMultistepScheduler",
        Zero + ", \"timestep_spacing\": \"trailing\", \"prediction_type\": \"v_prediction\""
    )]
    [InlineData(
        "DPMSolverMultistepScheduler",
        Zero + ", \"use_flow_sigmas\": true, \"prediction_type\": \"flow_prediction\""
    )]
    public void Every_other_loop_starts_and_stays_finite(string className, string settings)
    {
        IScheduler scheduler = Start(className, settings);
        float[] sample = [0.5f, -1f, 2f, 0.1f],
            output = [0.2f, 0.3f, -0.4f, 1f],
            noise = [1f, -1f, 0.5f, -0.5f];
        for (int step = 0; step < scheduler.Timesteps.Length; step++)
            scheduler.Step(output, step, sample, noise, 1);
        Assert.All(sample, value => Assert.True(float.IsFinite(value)));
    }

    private static IScheduler Start(string className, string settings)
    {
        string json = $"{{\"_class_name\": \"{className}\", {settings}}}";
        IScheduler scheduler = SchedulerCatalog.Create(ComponentConfig.Parse(json, "scheduler_config.json"));
        scheduler.SetTimesteps(4);
        return scheduler;
    }
}
