using Qua2SeDiMo.Diffusion.Schedulers;
using Qua2SeDiMo.Models.Configs;
using Qua2SeDiMo.Models.Known;
using Xunit;

namespace Qua2SeDiMo.Tests.Models.Known;

/// <summary>A scheduler reads only the keys of its class, with the defaults of that class.</summary>
public sealed class SchedulerKeysTests
{
    [Fact]
    public void Euler_reads_a_PNDM_file_as_if_the_keys_of_PNDM_were_not_there()
    {
        const string Shared =
            "\"beta_start\": 0.00085, \"beta_end\": 0.012, \"beta_schedule\": \"scaled_linear\", \"steps_offset\": 1";
        Assert.Equal(
            Timesteps("EulerDiscreteScheduler", $"{{{Shared}}}"),
            Timesteps(
                "EulerDiscreteScheduler",
                $"{{\"_class_name\": \"PNDMScheduler\", {Shared}, \"skip_prk_steps\": true, \"set_alpha_to_one\": "
                    + "false, \"use_flow_sigmas\": 7}"
            )
        );
    }

    [Theory]
    [InlineData("DDIMScheduler", "leading")]
    [InlineData("DDPMScheduler", "leading")]
    [InlineData("PNDMScheduler", "leading")]
    [InlineData("EulerDiscreteScheduler", "linspace")]
    [InlineData("EulerAncestralDiscreteScheduler", "linspace")]
    [InlineData("DPMSolverMultistepScheduler", "linspace")]
    [InlineData("UniPCMultistepScheduler", "linspace")]
    public void Each_class_has_its_own_spacing_when_the_file_says_nothing(string name, string spacing)
    {
        float[] silent = Timesteps(name, "{}");
        Assert.Equal(Timesteps(name, $"{{\"timestep_spacing\": \"{spacing}\"}}"), silent);
        Assert.NotEqual(
            Timesteps(name, $"{{\"timestep_spacing\": \"{(spacing == "leading" ? "trailing" : "leading")}\"}}"),
            silent
        );
    }

    [Fact]
    public void LCM_has_betas_of_its_own_when_the_file_says_nothing()
    {
        Assert.Equal(
            Sample("LCMScheduler", """{"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear"}"""),
            Sample("LCMScheduler", "{}")
        );
        Assert.NotEqual(
            Sample("LCMScheduler", """{"beta_start": 0.0001, "beta_end": 0.02, "beta_schedule": "linear"}"""),
            Sample("LCMScheduler", "{}")
        );
    }

    [Fact]
    public void PNDM_does_not_know_rescaled_betas()
    {
        const string plain = """{"skip_prk_steps": true, "prediction_type": "v_prediction"}""",
            rescaled =
                """{"skip_prk_steps": true, "prediction_type": "v_prediction", "rescale_betas_zero_snr": true}""";
        Assert.Equal(Sample("PNDMScheduler", plain), Sample("PNDMScheduler", rescaled));
        Assert.Contains(
            "PNDMScheduler",
            Assert
                .Throws<ModelFolderException>(() => Sample("PNDMScheduler", """{"rescale_betas_zero_snr": true}"""))
                .Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void Keys_inside_an_object_that_schedulers_do_not_have_are_named_with_their_place() =>
        Assert.Equal(
            ["text_config", "text_config.use_karras_sigmas"],
            KnownConfigs.Unread(
                Config("""{"text_config": {"use_karras_sigmas": true, "beta_start": 0.1}}""").As("PNDMScheduler")
            )
        );

    [Fact]
    public void The_assigned_class_decides_whatever_the_file_names() =>
        Assert.IsType<EulerScheduler>(
            SchedulerCatalog.Create(Config("""{"_class_name": "PNDMScheduler"}""").As("EulerDiscreteScheduler"))
        );

    private static float[] Timesteps(string name, string json)
    {
        IScheduler scheduler = SchedulerCatalog.Create(Config(json).As(name));
        scheduler.SetTimesteps(7);
        return [.. scheduler.Timesteps, .. scheduler.Sigmas];
    }

    private static float[] Sample(string name, string json)
    {
        IScheduler scheduler = SchedulerCatalog.Create(Config(json).As(name));
        scheduler.SetTimesteps(4);
        float[] sample = [0.3f, -1.2f, 0.7f];
        for (int step = 0; step < scheduler.Timesteps.Length; step++)
            scheduler.Step([0.1f, 0.2f, -0.4f], step, sample, [0.5f, -0.1f, 0.2f], 1);
        return sample;
    }

    private static ComponentConfig Config(string json) => ComponentConfig.Parse(json, "scheduler_config.json");
}
