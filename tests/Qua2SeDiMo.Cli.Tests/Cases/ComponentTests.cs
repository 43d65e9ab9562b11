using System.Text.Json.Nodes;
using Xunit;

namespace Qua2SeDiMo.Cli.Tests.Cases;

/// <summary>Folders that lack components, or contain components that are not read.</summary>
public sealed class ComponentTests
{
    [Fact]
    public async Task Components_that_nothing_reads_were_not_downloaded()
    {
        using ModelCopy plain = new(),
            named = new();
        named.Edit(
            "model_index.json",
            ("safety_checker", new JsonArray("stable_diffusion", "StableDiffusionSafetyChecker")),
            ("feature_extractor", new JsonArray("transformers", "CLIPImageProcessor")),
            ("image_encoder", new JsonArray("transformers", "CLIPVisionModelWithProjection"))
        );
        (await Q2.RunAsync("inspect", named.Path)).Succeeded();
        await Pictures.AreEqualAsync(plain.Path, named.Path);
    }

    [Fact]
    public async Task A_component_that_nothing_reads_is_damaged()
    {
        using ModelCopy plain = new(),
            damaged = new();
        damaged.Edit(
            "model_index.json",
            ("safety_checker", new JsonArray("stable_diffusion", "StableDiffusionSafetyChecker"))
        );
        Directory.CreateDirectory(damaged.In("safety_checker"));
        File.WriteAllText(
            damaged.In("safety_checker/model.safetensors"),
            "version https://git-lfs.github.com/spec/v1\n"
        );
        (await Q2.RunAsync("inspect", damaged.Path)).Succeeded();
        await Pictures.AreEqualAsync(plain.Path, damaged.Path);
    }

    [Theory]
    [InlineData("unet")]
    [InlineData("vae")]
    [InlineData("scheduler")]
    [InlineData("tokenizer")]
    [InlineData("text_encoder")]
    public async Task A_component_that_is_needed_was_not_downloaded(string component)
    {
        using ModelCopy model = new();
        Directory.Delete(model.In(component), recursive: true);
        (await Q2.RunAsync("generate", model.Path, "--prompt", "a cat", "--out", model.Beside("out"))).Refused(
            $"'{component}'",
            "download"
        );
    }

    [Fact]
    public async Task The_third_text_encoder_may_be_left_out_but_not_lost()
    {
        using ModelCopy model = new("stable-diffusion-3");
        Directory.Delete(model.In("text_encoder_3"), recursive: true);
        (await Q2.RunAsync("inspect", model.Path)).Refused("'text_encoder_3'", "download");
        model.Edit("model_index.json", ("text_encoder_3", new JsonArray(null, null)));
        (await Q2.RunAsync("inspect", model.Path)).Succeeded();
    }
}
