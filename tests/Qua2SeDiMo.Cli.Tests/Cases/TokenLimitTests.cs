using System.Text.Json.Nodes;
using Xunit;

namespace Qua2SeDiMo.Cli.Tests.Cases;

/// <summary>Tokenizers saved without a length, with the number that means no limit, or with more than the encoder
/// takes, also by transformers 5.</summary>
public sealed class TokenLimitTests
{
    private const string Config = "tokenizer/tokenizer_config.json";

    [Theory]
    [InlineData("stable-diffusion-15", "tokenizer", 512)]
    [InlineData("pixart-alpha", "tokenizer", 4096)]
    [InlineData("pixart-sigma", "tokenizer", 512)]
    [InlineData("stable-diffusion-xl", "tokenizer_2", 512)]
    [InlineData("stable-diffusion-3", "tokenizer_3", 128)]
    [InlineData("flux", "tokenizer", 1000)]
    [InlineData("hunyuan-dit", "tokenizer_2", 4096)]
    public async Task Any_length_that_is_none_gives_the_picture_of_the_right_one(
        string pipeline,
        string tokenizer,
        int beyond
    )
    {
        using var model = new ModelCopy(pipeline);
        string config = $"{tokenizer}/tokenizer_config.json";
        byte[] right = await Picture(model, "right");
        JsonNode none = JsonNode.Parse("1000000000000000019884624838656")!;
        // All variants for the first pipeline, the two common ones for the others.
        JsonNode?[] lengths =
            pipeline == "stable-diffusion-15" ? [null, JsonValue.Create(1e30), none, beyond] : [none, beyond];
        foreach (JsonNode? length in lengths)
        {
            model.Edit(config, ("model_max_length", length));
            Assert.Equal(right, await Picture(model, $"{Guid.NewGuid()}"));
        }
        model.Edit(config, ("model_max_length", 0));
        if (pipeline == "stable-diffusion-15")
            (await Q2.RunAsync("generate", model.Path, "--prompt", "a", "--out", model.Beside("x"))).Refused(
                "model_max_length",
                "0"
            );
    }

    [Fact]
    public async Task A_shorter_length_than_the_encoder_takes_counts()
    {
        using var model = new ModelCopy();
        byte[] right = await Picture(model, "right");
        model.Edit(Config, ("model_max_length", 8));
        Assert.NotEqual(right, await Picture(model, "short"));
    }

    [Theory]
    [InlineData("stable-diffusion-15", "CLIPTokenizer")]
    [InlineData("stable-diffusion-15", "TokenizersBackend")]
    [InlineData("stable-diffusion-15", "PreTrainedTokenizerFast")]
    public async Task A_tokenizer_saved_by_transformers_5_gives_the_same_picture(string pipeline, string stated)
    {
        using var model = new ModelCopy(pipeline);
        byte[] right = await Picture(model, "right");
        TokenizerFiles.WriteClipJson(model.In("tokenizer"), []);
        foreach (string file in new[] { "vocab.json", "merges.txt", "special_tokens_map.json" })
            File.Delete(model.In($"tokenizer/{file}"));
        model.Edit(
            Config,
            ("tokenizer_class", "TokenizersBackend"),
            ("backend", "tokenizers"),
            ("model_max_length", JsonNode.Parse("1000000000000000019884624838656"))
        );
        model.Edit("model_index.json", ("tokenizer", new JsonArray("transformers", stated)));
        Assert.Equal(right, await Picture(model, "saved"));
    }

    [Fact]
    public async Task A_step_of_tokenizer_json_that_is_not_known_is_refused_by_name()
    {
        using var model = new ModelCopy();
        TokenizerFiles.WriteClipJson(model.In("tokenizer"), []);
        model.Edit("tokenizer/tokenizer.json", ("normalizer", new JsonObject { ["type"] = "NFKC" }));
        model.Edit(Config, ("tokenizer_class", "TokenizersBackend"));
        model.Edit("model_index.json", ("tokenizer", new JsonArray("transformers", "TokenizersBackend")));
        (await Q2.RunAsync("generate", model.Path, "--prompt", "a", "--out", model.Beside("x"))).Refused(
            "tokenizer.json",
            "NFKC"
        );
    }

    private static async Task<byte[]> Picture(ModelCopy model, string name)
    {
        Q2Result result = await Q2.RunAsync(
            "generate",
            model.Path,
            "--prompt",
            "An oil painting of a café by the sea, it's raining on the old oak tree",
            "--steps",
            "1",
            "--height",
            "64",
            "--width",
            "64",
            "--quiet",
            "--json",
            "--out",
            model.Beside(name)
        );
        return Pictures.Pixels(result.Succeeded().Json.GetProperty("images")[0].GetProperty("path").GetString()!);
    }
}
