using Xunit;

namespace Qua2SeDiMo.Cli.Tests.Cases;

/// <summary>Empty values, as scripts may pass them, and misspelled or forgotten options.</summary>
public sealed class EmptyOptionTests
{
    [Theory]
    [InlineData("--prompt=")]
    [InlineData("--prompt", "")]
    public async Task An_empty_prompt_is_one_picture_of_an_empty_prompt(params string[] prompt)
    {
        using var model = new ModelCopy();

        Q2Result result = (
            await Q2.RunAsync([
                "generate",
                .. prompt,
                "--steps",
                "2",
                "--out",
                model.Beside("o"),
                "--json",
                "--",
                model.Path,
            ])
        ).Succeeded();

        Assert.Equal(
            "",
            Assert.Single(result.Json.GetProperty("images").EnumerateArray()).GetProperty("prompt").GetString()
        );
        Assert.Single(Directory.EnumerateFiles(model.Beside("o")));
    }

    [Theory]
    [InlineData("--prompt= m", "m --prompt |")]
    [InlineData("m --prompt= --steps 2", "m --prompt | --steps 2")]
    [InlineData("m --prompt=a --prompt= --steps=2", "m --prompt=a --prompt | --steps=2")]
    [InlineData("m --sheet true --prompt a b", "m --sheet true --prompt a b")]
    [InlineData("--json --prompt= m", "m --json --prompt |")]
    public void The_parser_gets_what_has_no_name_first_and_empty_values_as_words(string typed, string parsed)
    {
        (IReadOnlyList<string> words, string verb, string? fault) = CommandWords.Read(
            CommandTree.Create(),
            ["generate", .. typed.Split(' ')]
        );
        Assert.Null(fault);
        Assert.Equal("generate", verb);
        Assert.Equal($"generate {parsed}".Replace("|", "", StringComparison.Ordinal), string.Join(' ', words));
    }

    [Theory]
    [InlineData("'--steps' is an option", "generate", "m", "--prompt", "--steps", "2")]
    [InlineData("did you mean '--steps'?", "generate", "m", "--prompt", "a cat", "--stesp", "2")]
    [InlineData("did you mean '--steps'?", "generate", "m", "--prompt", "a cat", "--Steps", "2")]
    [InlineData("did you mean '--negative-prompt'?", "generate", "m", "--prompt", "a cat", "--negative", "x")]
    [InlineData("no option '-s'", "generate", "m", "--prompt", "a cat", "-s", "2")]
    [InlineData("did you mean 'study'?", "stduy", "m")]
    [InlineData("did you mean 'inspect'?", "Inspect", "m")]
    [InlineData("did you mean 'block'?", "plan", "m", "--level", "blok")]
    [InlineData("did you mean 'ssim'?", "fit", "m", "--objective", "SIM")]
    public async Task A_wrong_word_is_named_in_one_line_with_the_nearest_right_one(
        string words,
        params string[] arguments
    )
    {
        Q2Result result = (await Q2.RunAsync(arguments)).Refused(words);
        Assert.Equal("", result.Output);
        Assert.Single(result.Errors.TrimEnd().Split('\n'));
    }

    [Fact]
    public async Task Large_and_negative_seeds_are_those_of_PyTorch_and_count_on_modulo_2_to_64()
    {
        using var model = new ModelCopy();
        async Task<(ulong[] Seeds, byte[][] Pictures)> Generate(string seed)
        {
            Q2Result result = (
                await Q2.RunAsync(
                    "generate",
                    model.Path,
                    "--prompt",
                    "a cat",
                    "--count",
                    "2",
                    "--steps",
                    "2",
                    "--seed",
                    seed,
                    "--out",
                    model.Beside(seed),
                    "--json"
                )
            ).Succeeded();
            var images = result.Json.GetProperty("images").EnumerateArray().ToList();
            return (
                [.. images.Select(image => image.GetProperty("seed").GetUInt64())],
                [.. images.Select(image => Pictures.Pixels(image.GetProperty("path").GetString()!))]
            );
        }

        (ulong[] large, byte[][] fromLarge) = await Generate("18446744073709551615");
        (ulong[] negative, byte[][] fromNegative) = await Generate("-1");
        (_, byte[][] fromZero) = await Generate("0");

        Assert.Equal([ulong.MaxValue, 0], large);
        Assert.Equal(large, negative);
        Assert.Equal(fromLarge, fromNegative);
        Assert.Equal(fromZero[0], fromLarge[1]);
        Assert.NotEqual(fromLarge[0], fromLarge[1]);
    }

    [Fact]
    public async Task A_prompt_may_begin_with_an_at_sign()
    {
        using var model = new ModelCopy();
        Q2Result result = (
            await Q2.RunAsync(
                "generate",
                model.Path,
                "--prompt",
                "@home",
                "--steps",
                "1",
                "--out",
                model.Beside("o"),
                "--json"
            )
        ).Succeeded();
        Assert.Equal("@home", result.Json.GetProperty("images")[0].GetProperty("prompt").GetString());
    }
}
