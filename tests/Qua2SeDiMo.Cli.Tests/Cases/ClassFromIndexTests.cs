using System.Text.Json;
using System.Text.Json.Nodes;
using Xunit;

namespace Qua2SeDiMo.Cli.Tests.Cases;

/// <summary>The class of a component is the one that model_index.json names, regardless of its own
/// configuration.</summary>
public sealed class ClassFromIndexTests
{
    private const string Scheduler = "scheduler/scheduler_config.json";

    [Fact]
    public async Task A_scheduler_is_opened_as_the_index_says_and_reads_the_file_of_another_class()
    {
        using var model = new ModelCopy();
        using var plain = new ModelCopy();
        model.Edit("model_index.json", ("scheduler", new JsonArray("diffusers", "EulerDiscreteScheduler")));
        plain.Edit("model_index.json", ("scheduler", new JsonArray("diffusers", "EulerDiscreteScheduler")));
        plain.Edit(
            Scheduler,
            ("_class_name", "EulerDiscreteScheduler"),
            ("skip_prk_steps", null),
            ("set_alpha_to_one", null)
        );

        await Pictures.AreEqualAsync(plain.Path, model.Path);
        Assert.NotEqual(
            await Pictures.OfAsync(RepositoryFiles.Golden("pipelines/stable-diffusion-15")),
            await Pictures.OfAsync(model.Path)
        );

        JsonElement shown = (await Q2.RunAsync("inspect", model.Path, "--json"))
            .Succeeded()
            .Json.GetProperty("components")
            .EnumerateArray()
            .Single(one => one.GetProperty("name").GetString() == "scheduler");
        Assert.Equal("EulerDiscreteScheduler", shown.GetProperty("className").GetString());
        Assert.Equal("PNDMScheduler", shown.GetProperty("review").GetProperty("fileClassName").GetString());
        Assert.Contains(
            "its own file names PNDMScheduler",
            (await Q2.RunAsync("inspect", model.Path)).Succeeded().Output,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task Files_that_name_no_class_are_opened_as_the_index_says()
    {
        using var model = new ModelCopy();
        model.Edit("text_encoder/config.json", ("architectures", null));
        foreach (string file in new[] { "unet/config.json", "vae/config.json", Scheduler })
            model.Edit(file, ("_class_name", null));
        await Pictures.AreEqualAsync(RepositoryFiles.Golden("pipelines/stable-diffusion-15"), model.Path);
    }

    [Fact]
    public async Task A_text_encoder_has_its_projection_when_the_index_says_so()
    {
        using var model = new ModelCopy("stable-diffusion-xl");
        model.Edit("text_encoder_2/config.json", ("architectures", new JsonArray("CLIPTextModel")));
        await Pictures.AreEqualAsync(RepositoryFiles.Golden("pipelines/stable-diffusion-xl"), model.Path);
    }

    [Fact]
    public async Task A_class_that_is_not_built_is_refused_although_the_file_names_one_that_is()
    {
        using var model = new ModelCopy();
        model.Edit("model_index.json", ("scheduler", new JsonArray("diffusers", "HeunDiscreteScheduler")));
        (
            await Q2.RunAsync("generate", model.Path, "--prompt", "a cat", "--steps", "2", "--out", model.Beside("out"))
        ).Refused("HeunDiscreteScheduler", "EulerDiscreteScheduler");
    }
}
