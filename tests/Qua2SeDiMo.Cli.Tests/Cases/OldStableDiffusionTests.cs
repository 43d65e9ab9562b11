using System.Text.Json.Nodes;
using Xunit;

namespace Qua2SeDiMo.Cli.Tests.Cases;

/// <summary>Folders of Stable Diffusion 1 from autumn 2022 give the images of diffusers' StableDiffusionPipeline, with
/// a note on the corrections.</summary>
public sealed class OldStableDiffusionTests
{
    private const string Scheduler = "scheduler/scheduler_config.json";
    private static readonly string[] Small = ["--width", "64", "--height", "64"];

    [Fact]
    public async Task A_missing_offset_is_one()
    {
        using var model = new ModelCopy();
        model.Edit(Scheduler, ("steps_offset", null));
        await Pictures.AreEqualAsync(RepositoryFiles.Golden("pipelines/stable-diffusion-15"), model.Path, Small);
        Q2Result inspected = (await Q2.RunAsync("inspect", model.Path)).Succeeded();
        Assert.Contains("'steps_offset' is missing", inspected.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_correction_is_said_once_by_every_verb()
    {
        using var model = new ModelCopy();
        model.Edit(Scheduler, ("steps_offset", 0));
        Q2Result made = (
            await Q2.RunAsync([
                "generate",
                model.Path,
                "--prompt",
                "a cat",
                "--steps",
                "2",
                "--out",
                model.Beside("out"),
                .. Small,
            ])
        ).Succeeded();
        Assert.Equal(2, made.Errors.Split("'steps_offset' is 0").Length);
    }

    [Fact]
    public async Task DDIM_clips_no_latents()
    {
        using var model = new ModelCopy();
        using var told = new ModelCopy();
        foreach (ModelCopy one in new[] { model, told })
        {
            one.Edit("model_index.json", ("scheduler", new JsonArray("diffusers", "DDIMScheduler")));
            one.Edit(Scheduler, ("_class_name", "DDIMScheduler"), ("set_alpha_to_one", false), ("steps_offset", null));
        }
        told.Edit(Scheduler, ("steps_offset", 1), ("clip_sample", false));
        await Pictures.AreEqualAsync(told.Path, model.Path, Small);
    }

    [Fact]
    public async Task A_small_U_Net_before_0_9_makes_pictures_of_512_pixels()
    {
        using var model = new ModelCopy();
        model.Edit("unet/config.json", ("_diffusers_version", "0.6.0"));
        (_, int height, int width) = await Pictures.SizedAsync(model.Path);
        Assert.Equal((512, 512), (height, width));
    }
}
