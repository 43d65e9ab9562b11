using System.Text.Json;
using System.Text.Json.Nodes;
using Xunit;

namespace Qua2SeDiMo.Cli.Tests.Cases;

/// <summary>Keys, tensors and files that are neither read nor known are listed by `inspect`, and named in one line by
/// every other verb.</summary>
public sealed class UnreadTests
{
    [Fact]
    public async Task Keys_and_tensors_are_listed_by_inspect_and_said_once_elsewhere()
    {
        using var model = new ModelCopy();
        model.Edit("unet/config.json", ("sharpness", 2), ("dropout", 0.1), ("_note", "x"));
        model.Edit("model_index.json", ("watermark_key", "abc"), ("requires_safety_checker", true));
        model.EditTensors(
            ModelCopy.TextEncoder,
            tensors => tensors["text_model.extra.weight"] = StoredTensor.Single([2], 1, 2)
        );
        model.EditTensors(ModelCopy.UNet, tensors => tensors["logit_bias"] = StoredTensor.Single([2], 1, 2));

        JsonElement json = (await Q2.RunAsync("inspect", model.Path, "--json")).Succeeded().Json;
        Assert.Equal(["watermark_key"], Texts(json, "unreadKeys"));
        Assert.Equal(["sharpness"], Texts(Review(json, "unet"), "unreadKeys"));
        Assert.Equal(["logit_bias"], Texts(Review(json, "unet"), "unreadTensors"));
        Assert.Equal(["text_model.extra.weight"], Texts(Review(json, "text_encoder"), "unreadTensors"));
        Assert.Empty(Texts(Review(json, "vae"), "unreadTensors"));

        string shown = (await Q2.RunAsync("inspect", model.Path)).Succeeded().Output;
        Assert.All(
            new[] { "sharpness", "watermark_key", "text_model.extra.weight", "logit_bias" },
            name => Assert.Contains(name, shown, StringComparison.Ordinal)
        );

        foreach (
            string[] verb in new[]
            {
                ["bank", model.Path, "--run", model.Beside("r")],
                new[] { "generate", model.Path, "--prompt", "a cat", "--steps", "1", "--out", model.Beside("out") },
            }
        )
        {
            string errors = (await Q2.RunAsync(verb)).Succeeded().Errors;
            string said = Assert.Single(
                errors.Split('\n'),
                line => line.Contains("not read", StringComparison.Ordinal)
            );
            Assert.All(
                new[] { "sharpness", "watermark_key", "text_model.extra.weight", "logit_bias" },
                name => Assert.Contains(name, said, StringComparison.Ordinal)
            );
            Assert.Contains("`q2 inspect` lists everything.", errors, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("stable-diffusion-15")]
    [InlineData("stable-diffusion-xl")]
    [InlineData("stable-diffusion-3")]
    [InlineData("pixart-alpha")]
    [InlineData("hunyuan-dit")]
    [InlineData("flux")]
    [InlineData("dit")]
    public async Task Of_the_reference_pipelines_everything_is_read_or_known(string pipeline)
    {
        string folder = RepositoryFiles.Golden($"pipelines/{pipeline}");
        Q2Result shown = (await Q2.RunAsync("inspect", folder)).Succeeded();
        Assert.DoesNotContain("not read", shown.Output + shown.Errors, StringComparison.Ordinal);
        Assert.DoesNotContain("cannot be used", shown.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_shift_that_the_pipeline_does_not_apply_changes_nothing_and_is_said()
    {
        using var model = new ModelCopy();
        model.Edit(
            "vae/config.json",
            ("shift_factor", 0.5),
            ("latents_mean", new JsonArray(1, 2, 3, 4)),
            ("latents_std", new JsonArray(1, 2, 3, 4))
        );
        await Pictures.AreEqualAsync(RepositoryFiles.Golden("pipelines/stable-diffusion-15"), model.Path);
        Q2Result made = (
            await Q2.RunAsync("generate", model.Path, "--prompt", "a cat", "--steps", "1", "--out", model.Beside("out"))
        ).Succeeded();
        Assert.Contains(
            "'shift_factor', 'latents_mean', 'latents_std' is not used",
            made.Errors,
            StringComparison.Ordinal
        );
    }

    [Theory]
    [InlineData("learned_embeds.safetensors")]
    [InlineData("unet/my_style.safetensors")]
    [InlineData("text_encoder/pytorch_lora_weights.safetensors")]
    public async Task Files_that_nobody_loads_are_named_and_change_nothing(string file)
    {
        using var model = new ModelCopy();
        File.Copy(model.In(ModelCopy.Vae), model.In(file));
        Assert.Contains(
            Path.GetFileName(file),
            (await Q2.RunAsync("inspect", model.Path)).Succeeded().Output,
            StringComparison.Ordinal
        );
        await Pictures.AreEqualAsync(RepositoryFiles.Golden("pipelines/stable-diffusion-15"), model.Path);
    }

    [Fact]
    public async Task An_adapter_that_transformers_would_add_is_refused()
    {
        using var model = new ModelCopy();
        await File.WriteAllTextAsync(model.In("text_encoder/adapter_config.json"), "{}");
        (await Q2.RunAsync("generate", model.Path, "--prompt", "a cat", "--out", model.Beside("out"))).Refused(
            "adapter_config.json",
            "merge"
        );
    }

    private static JsonElement Review(JsonElement json, string component) =>
        json.GetProperty("components")
            .EnumerateArray()
            .Single(one => one.GetProperty("name").GetString() == component)
            .GetProperty("review");

    private static string[] Texts(JsonElement parent, string name) =>
        [.. parent.GetProperty(name).EnumerateArray().Select(item => item.GetString()!)];
}
