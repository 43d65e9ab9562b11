using System.Text.Json.Nodes;
using Xunit;

namespace Qua2SeDiMo.Cli.Tests.Cases;

/// <summary>Errors that can be detected early are reported together before any work, and no files are left.</summary>
public sealed class EarlyRefusalTests : IDisposable
{
    private readonly ModelCopy model = new();

    private string Run => model.Beside("run");

    [Theory]
    [InlineData("run")]
    [InlineData("study")]
    [InlineData("generate")]
    public async Task A_pipeline_class_that_is_not_supported(string verb)
    {
        model.Edit("model_index.json", ("_class_name", "StableDiffusionInstructPix2PixPipeline"));
        await RefusedAsync(verb, "StableDiffusionInstructPix2PixPipeline");
    }

    [Theory]
    [InlineData("run")]
    [InlineData("study")]
    [InlineData("generate")]
    public async Task A_scheduler_class_that_is_not_supported(string verb)
    {
        model.Edit("model_index.json", ("scheduler", new JsonArray("diffusers", "DEISMultistepScheduler")));
        model.Edit("scheduler/scheduler_config.json", ("_class_name", "DEISMultistepScheduler"));
        await RefusedAsync(verb, "DEISMultistepScheduler");
    }

    [Fact]
    public async Task A_setting_of_the_scheduler_that_is_not_supported()
    {
        model.Edit("scheduler/scheduler_config.json", ("beta_schedule", "laplace"));
        await RefusedAsync("run", "beta_schedule", "laplace");
    }

    [Fact]
    public async Task A_size_that_the_model_cannot_make()
    {
        await RefusedAsync("run", ["--height", "100"], "height is 100");
        await RefusedAsync("generate", ["--width", "60"], "width is 60");
    }

    [Fact]
    public async Task More_steps_than_the_model_was_trained_on() =>
        await RefusedAsync("study", ["--steps", "5000"], "5000 steps");

    [Fact]
    public async Task A_text_encoder_of_a_class_that_nothing_builds()
    {
        model.Edit("model_index.json", ("text_encoder", new JsonArray("transformers", "GPT2Model")));
        model.Edit("text_encoder/config.json", ("architectures", new JsonArray("GPT2Model")), ("model_type", "gpt2"));
        await RefusedAsync("run", "GPT2Model");
    }

    [Theory]
    [InlineData("run")]
    [InlineData("study")]
    [InlineData("generate")]
    public async Task A_text_encoder_of_another_width_than_the_denoiser_takes(string verb)
    {
        model.Edit("text_encoder/config.json", ("hidden_size", 24));
        await RefusedAsync(verb, "width 32", "'cross_attention_dim'", "text_encoder gives 24");
    }

    [Fact]
    public async Task Components_that_are_not_there_are_named_together()
    {
        foreach (string name in new[] { "vae", "tokenizer" })
        {
            Directory.Delete(model.In(name), recursive: true);
            model.Edit("model_index.json", (name, null));
        }
        await RefusedAsync("run", "'vae'", "'tokenizer'");
    }

    [Fact]
    public async Task Several_problems_are_said_together()
    {
        model.Edit("model_index.json", ("_class_name", "KandinskyPipeline"));
        model.Edit("scheduler/scheduler_config.json", ("beta_schedule", "laplace"));

        Q2Result result = await Q2.RunAsync("run", model.Path, "--run", Run, "--quiet");

        result.Refused("KandinskyPipeline", "laplace");
        Assert.StartsWith("q2 run: 2 problems", result.Errors, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Run));
    }

    [Theory]
    [InlineData("graph")]
    [InlineData("bank")]
    [InlineData("study")]
    [InlineData("run")]
    public async Task A_run_directory_that_is_a_file(string verb)
    {
        File.WriteAllText(Run, "a file");
        (await Q2.RunAsync([verb, model.Path, "--run", Run, "--quiet"])).Refused("is a file");
        (await Q2.RunAsync([verb, model.Path, "--run", Path.Combine(Run, "below"), "--quiet"])).Refused("is a file");
        Assert.Equal("a file", File.ReadAllText(Run));
    }

    [Fact]
    public async Task A_place_for_pictures_that_is_a_file()
    {
        string file = model.Beside("f");
        File.WriteAllText(file, "a file");
        (await Q2.RunAsync("generate", model.Path, "--prompt", "a cat", "--out", file, "--quiet")).Refused(
            file,
            "is a file"
        );
        (await Q2.RunAsync("generate", model.Path, "--prompt", "a cat", "--out", "/proc/q2-images", "--quiet")).Refused(
            "/proc",
            "nothing can be written"
        );
    }

    [Fact]
    public async Task A_place_for_a_packed_model_that_is_taken_before_the_bank_is_made()
    {
        string taken = model.Beside("taken"),
            allocation = model.Beside("allocation.json");
        Directory.CreateDirectory(taken);
        File.WriteAllText(Path.Combine(taken, "note.txt"), "mine");
        File.WriteAllText(allocation, """{"conv_in": "uaq-4"}""");

        (
            await Q2.RunAsync("pack", model.Path, "--run", Run, "--allocation", allocation, "--out", taken, "--quiet")
        ).Refused("not empty");

        Assert.False(Directory.Exists(Run));
    }

    [Fact]
    public async Task A_bank_needs_the_denoiser_alone()
    {
        model.Edit("model_index.json", ("_class_name", "StableDiffusionInpaintPipeline"));
        (await Q2.RunAsync("bank", model.Path, "--run", Run, "--quiet")).Succeeded();
    }

    public void Dispose() => model.Dispose();

    private Task RefusedAsync(string verb, params string[] words) => RefusedAsync(verb, [], words);

    private async Task RefusedAsync(string verb, string[] options, params string[] words)
    {
        string images = model.Beside("images");
        string[] own = verb == "generate" ? ["--prompt", "a cat", "--out", images] : ["--run", Run];
        (await Q2.RunAsync([verb, model.Path, .. own, .. options, "--quiet"])).Refused(words);
        Assert.False(Directory.Exists(Run));
        Assert.False(Directory.Exists(images));
    }
}
