using System.Text.Json;
using Xunit;

namespace Qua2SeDiMo.Cli.Tests.Cases;

public sealed class PromptCutTests
{
    private static readonly string Long = string.Concat(
        Enumerable.Repeat("a photo of a very large cat sitting on a table with flowers ", 24)
    );

    [Theory]
    [InlineData("stable-diffusion-15", "text_encoder", 77)]
    [InlineData("pixart-alpha", "text_encoder", 120)]
    [InlineData("stable-diffusion-xl", "text_encoder and text_encoder_2", 77)]
    public async Task A_prompt_that_is_cut_names_the_words_that_are_lost(string pipeline, string encoder, int tokens)
    {
        using var model = new ModelCopy(pipeline);
        Q2Result red = await Generate(model, "red", Long + "Red");
        Assert.Single(Notes(red));
        Assert.Contains("Red\"", red.Errors, StringComparison.Ordinal);
        Assert.Contains($"{encoder}: after {tokens} tokens", red.Errors, StringComparison.Ordinal);
        JsonElement cut = red.Json.GetProperty("cut")[0];
        Assert.Equal(Long + "Red", cut.GetProperty("prompt").GetString());
        Assert.EndsWith("flowers Red", cut.GetProperty("lost").GetString(), StringComparison.Ordinal);
        Assert.Equal(tokens, cut.GetProperty("maximumTokens").GetInt32());

        // The reported lost words have no effect; the word before them has one.
        string kept = Long[..(Long.Length + 3 - cut.GetProperty("lost").GetString()!.Length)].TrimEnd();
        Assert.Equal(Picture(red), Picture(await Generate(model, "blue", Long + "blue")));
        Q2Result fits = await Generate(model, "kept", kept[..kept.LastIndexOf(' ')]);
        Assert.NotEqual(Picture(red), Picture(fits));
        Assert.Empty(Notes(fits));
    }

    [Fact]
    public async Task Nothing_is_said_of_a_prompt_that_fits()
    {
        using var model = new ModelCopy();
        Assert.Empty(Notes(await Generate(model, "short", "a photo of a cat")));
    }

    [Fact]
    public async Task A_negative_prompt_that_is_cut_is_named_where_it_is_used()
    {
        using var model = new ModelCopy();
        Q2Result guided = await Generate(model, "a", "a cat", "--negative-prompt", Long);
        Assert.Contains("note: negative prompt", Assert.Single(Notes(guided)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Each_encoder_is_named_with_what_it_loses()
    {
        using var model = new ModelCopy("flux");
        string note = Assert.Single(
            Notes(await Generate(model, "a", string.Concat(Enumerable.Repeat("cat ", 100)) + "end"))
        );
        Assert.Contains("text_encoder: after 77 tokens", note, StringComparison.Ordinal);
        Assert.DoesNotContain("text_encoder_2", note, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_study_says_it_of_the_prompts_of_its_file()
    {
        using var model = new ModelCopy();
        string prompts = model.Beside("prompts.txt");
        File.WriteAllLines(prompts, [Long + "red", "a cat", .. Enumerable.Range(0, 10).Select(i => $"{Long} {i}")]);
        string[] request =
        [
            "study",
            model.Path,
            "--run",
            model.Beside("run"),
            "--trials",
            "1",
            "--images",
            "12",
            "--steps",
            "1",
            "--clip",
            "none",
            "--reference",
            "none",
            "--prompts",
            prompts,
            "--json",
            "--quiet",
        ];
        Q2Result study = (await Q2.RunAsync(request)).Succeeded();
        string[] notes = Notes(study);
        Assert.Equal(9, notes.Length);
        Assert.Contains("3 more prompts", notes[^1], StringComparison.Ordinal);
        Assert.Equal(11, study.Json.GetProperty("cut").GetArrayLength());
    }

    private static string[] Notes(Q2Result result) =>
        [
            .. result
                .Errors.Split('\n')
                .Where(line =>
                    line.StartsWith("note: ", StringComparison.Ordinal)
                    && line.Contains("prompt", StringComparison.Ordinal)
                ),
        ];

    private static byte[] Picture(Q2Result result) =>
        Pictures.Pixels(result.Json.GetProperty("images")[0].GetProperty("path").GetString()!);

    private static async Task<Q2Result> Generate(
        ModelCopy model,
        string name,
        string prompt,
        params string[] options
    ) =>
        (
            await Q2.RunAsync([
                "generate",
                model.Path,
                "--prompt",
                prompt,
                "--steps",
                "1",
                "--height",
                "64",
                "--width",
                "64",
                "--quiet",
                "--json",
                "--out",
                model.Beside(name),
                .. options,
            ])
        ).Succeeded();
}
