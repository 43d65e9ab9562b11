using System.Text.Json.Nodes;
using Qua2SeDiMo.Runs;
using Qua2SeDiMo.Studies;
using Qua2SeDiMo.Studies.Storage;
using Xunit;

namespace Qua2SeDiMo.Cli.Tests.Cases;

/// <summary>NaN and infinity never become an image or a label: the program reports component, step and
/// tensor.</summary>
public sealed class NonFiniteNumberTests : IDisposable
{
    private const string MiddleWeight = "mid_block.attentions.0.proj_in.weight",
        TextNorm = "text_model.final_layer_norm.weight";

    private readonly ModelCopy model = new();

    [Theory]
    [InlineData(
        ModelCopy.UNet,
        "conv_in.bias",
        float.NaN,
        "unet, step 1 of ",
        "'conv_in.bias'",
        "1 of 8 values is NaN"
    )]
    [InlineData(
        ModelCopy.UNet,
        MiddleWeight,
        float.PositiveInfinity,
        "unet, step 1 of ",
        "'mid_block.attentions.0.proj_in",
        "is infinite"
    )]
    [InlineData(ModelCopy.Vae, "decoder.conv_in.bias", float.NaN, "vae (decoder)", "'decoder.conv_in.bias'", "is NaN")]
    [InlineData(
        ModelCopy.Vae,
        "decoder.conv_out.bias",
        float.NegativeInfinity,
        "vae (decoder)",
        "'decoder.conv_out.bias'",
        "is infinite"
    )]
    [InlineData(ModelCopy.TextEncoder, TextNorm, float.NaN, "text_encoder", $"'{TextNorm}'", "is NaN")]
    public async Task A_damaged_weight_is_named_and_no_picture_is_written(
        string file,
        string tensor,
        float value,
        params string[] words
    )
    {
        model.EditTensors(file, tensors => tensors[tensor] = tensors[tensor].Map((old, i) => i == 0 ? value : old));
        string images = model.Beside("images");

        (
            await Q2.RunAsync("generate", model.Path, "--prompt", "a cat", "--steps", "3", "--out", images, "--quiet")
        ).Refused(words);

        Assert.False(Directory.Exists(images));
    }

    [Fact]
    public async Task A_value_beyond_half_precision_is_found_in_a_checkpoint_that_was_rounded_to_it()
    {
        model.EditTensors(
            ModelCopy.UNet,
            tensors =>
            {
                tensors["conv_out.bias"] = tensors["conv_out.bias"].Map((old, i) => i == 2 ? 70_000 : old);
                foreach (string name in tensors.Keys.ToList())
                    tensors[name] = tensors[name].Half();
            }
        );

        (
            await Q2.RunAsync(
                "generate",
                model.Path,
                "--prompt",
                "a cat",
                "--steps",
                "1",
                "--out",
                model.Beside("images"),
                "--quiet"
            )
        ).Refused("unet, step 1", "'conv_out.bias'", "1 of 4 values is infinite", "range");
    }

    [Fact]
    public async Task An_overflow_among_finite_weights_is_traced_to_the_module_that_overflows()
    {
        const string weight = "mid_block.resnets.0.conv1.weight";
        model.EditTensors(
            ModelCopy.UNet,
            tensors => tensors[weight] = tensors[weight].Map((_, i) => i % 2 == 0 ? 3e38f : -3e38f)
        );

        (
            await Q2.RunAsync(
                "generate",
                model.Path,
                "--prompt",
                "a cat",
                "--steps",
                "2",
                "--out",
                model.Beside("images"),
                "--quiet"
            )
        ).Refused("unet, step 1 of 3", "'mid_block.resnets.0.conv1' (Conv)", "all weights are finite");
    }

    [Fact]
    public async Task A_study_stops_before_its_first_trial()
    {
        const string bias = "conv_in.bias";
        model.EditTensors(
            ModelCopy.UNet,
            tensors => tensors[bias] = tensors[bias].Map((old, i) => i == 0 ? float.NaN : old)
        );
        var run = new RunDirectory(model.Beside("run"));

        (
            await Q2.RunAsync(
                "study",
                model.Path,
                "--run",
                run.DirectoryPath,
                "--trials",
                "3",
                "--images",
                "1",
                "--steps",
                "1",
                "--quiet"
            )
        ).Refused("no trial was begun", "'conv_in.bias'");

        Assert.False(File.Exists(run.FullPrecisionImages));
        Assert.All(List(run), trial => Assert.Equal(TrialState.Waiting, trial.State));
    }

    [Theory]
    [InlineData("DDIMScheduler")]
    [InlineData("DDPMScheduler")]
    [InlineData("LCMScheduler")]
    [InlineData("EulerDiscreteScheduler")]
    [InlineData("EulerAncestralDiscreteScheduler")]
    [InlineData("DPMSolverMultistepScheduler")]
    [InlineData("UniPCMultistepScheduler")]
    public async Task Zero_terminal_signal_with_a_model_that_predicts_the_noise_is_refused_before_any_work(
        string scheduler
    )
    {
        ZeroSignal(scheduler, "epsilon");
        string images = model.Beside("images");

        (
            await Q2.RunAsync("generate", model.Path, "--prompt", "a cat", "--steps", "3", "--out", images, "--quiet")
        ).Refused("scheduler_config.json", "rescale_betas_zero_snr", "'epsilon'", "v_prediction", "timestep 999");

        Assert.False(Directory.Exists(images));
        string run = model.Beside("run");
        (await Q2.RunAsync("run", model.Path, "--run", run, "--quiet")).Refused("rescale_betas_zero_snr");
        Assert.False(Directory.Exists(run));
    }

    [Fact]
    public async Task Zero_terminal_signal_that_the_class_in_the_index_does_not_read_is_refused_as_well()
    {
        ZeroSignal("DDIMScheduler", "epsilon");
        model.Edit("model_index.json", ("scheduler", new JsonArray("diffusers", "PNDMScheduler")));
        string run = model.Beside("run");

        foreach (
            string[] call in new string[][]
            {
                ["generate", model.Path, "--prompt", "a cat", "--out", model.Beside("images")],
                ["study", model.Path, "--run", run, "--trials", "2"],
            }
        )
        {
            (await Q2.RunAsync([.. call, "--steps", "3", "--quiet"])).Refused(
                "rescale_betas_zero_snr",
                "PNDMScheduler",
                "'epsilon'",
                "v_prediction"
            );
        }
    }

    [Fact]
    public async Task What_a_scheduler_of_another_class_would_turn_on_is_named()
    {
        model.Edit("scheduler/scheduler_config.json", ("use_karras_sigmas", true), ("solver_order", 2));

        Q2Result result = (await Q2.RunAsync("inspect", model.Path, "--json")).Succeeded();

        Assert.Contains("use_karras_sigmas", result.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("solver_order", result.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Zero_terminal_signal_with_a_velocity_makes_a_picture()
    {
        ZeroSignal("DDIMScheduler", "v_prediction");

        (
            await Q2.RunAsync(
                "generate",
                model.Path,
                "--prompt",
                "a cat",
                "--steps",
                "3",
                "--out",
                model.Beside("images"),
                "--quiet"
            )
        ).Succeeded();
    }

    [Fact]
    public async Task A_loop_that_does_not_visit_the_step_without_signal_runs()
    {
        ZeroSignal("DDIMScheduler", "epsilon");
        model.Edit("scheduler/scheduler_config.json", ("timestep_spacing", "leading"));

        (
            await Q2.RunAsync(
                "generate",
                model.Path,
                "--prompt",
                "a cat",
                "--steps",
                "3",
                "--out",
                model.Beside("images"),
                "--quiet"
            )
        ).Succeeded();
    }

    public void Dispose() => model.Dispose();

    private void ZeroSignal(string scheduler, string prediction)
    {
        model.Edit("model_index.json", ("scheduler", new JsonArray("diffusers", scheduler)));
        model.Edit(
            "scheduler/scheduler_config.json",
            ("_class_name", scheduler),
            ("rescale_betas_zero_snr", true),
            ("timestep_spacing", "trailing"),
            ("clip_sample", false),
            ("prediction_type", prediction),
            ("skip_prk_steps", null),
            ("set_alpha_to_one", null)
        );
    }

    private static IReadOnlyList<Trial> List(RunDirectory run)
    {
        if (!File.Exists(run.StudyDatabase))
            return [];
        using SqliteStudyStore store = SqliteStudyStore.Open(run.StudyDatabase, TimeProvider.System);
        return store.List();
    }
}
