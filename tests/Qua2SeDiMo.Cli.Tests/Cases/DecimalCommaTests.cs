using System.CommandLine;
using Xunit;

namespace Qua2SeDiMo.Cli.Tests.Cases;

/// <summary>Numbers with a decimal comma, and other notations that are rejected.</summary>
public sealed class DecimalCommaTests
{
    // Verbs and their number options.
    public static TheoryData<string, string> Options
    {
        get
        {
            var data = new TheoryData<string, string>();
            foreach (Command verb in CommandTree.Create().Subcommands)
            {
                foreach (Option option in verb.Options.Where(TakesNumbers))
                    data.Add(verb.Name, option.Name);
            }
            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Options))]
    public void Every_number_option_of_every_verb_refuses_what_is_no_number_here(string verb, string option)
    {
        bool isSeed = option == "--seed",
            isList = option == "--activations";
        foreach (
            string text in new[]
            {
                "1,5",
                "7,5",
                "1.000,5",
                "1,000",
                "1 000",
                "1_000",
                "1'000",
                " 3",
                "3 ",
                "0x10",
                "１２",
                "−1",
                "nan",
                "NaN",
                "inf",
                "Infinity",
                "∞",
                "1e999",
                "ten",
                "",
            }.Where(text => !(isList && text == "7,5"))
        )
        {
            Assert.NotEmpty(Errors(verb, option, text));
        }
        Assert.Single(Errors(verb, option, "99999999999999999999999999"));
        if (!isSeed)
            Assert.Single(Errors(verb, option, "-1"));
        // For these options, another error is reported first.
        if (isSeed || isList || option is "--bootstrap-epochs" or "--states")
            return;
        Assert.Contains(
            "'1,5' is no number; decimals take a point",
            Errors(verb, option, "1,5")[0],
            StringComparison.Ordinal
        );
    }

    [Theory]
    [InlineData("generate", "--steps", "0")]
    [InlineData("generate", "--batch", "0")]
    [InlineData("generate", "--count", "0")]
    [InlineData("generate", "--width", "0")]
    [InlineData("generate", "--activation-bits", "9")]
    [InlineData("generate", "--activation-bits", "1")]
    [InlineData("study", "--images", "0")]
    [InlineData("study", "--trials", "0")]
    [InlineData("study", "--activation-bits", "16")]
    [InlineData("study", "--fixed-bits", "0")]
    [InlineData("study", "--steps", "1.5")]
    [InlineData("plan", "--activations", "8,9")]
    [InlineData("plan", "--size", "0")]
    [InlineData("plan", "--size", "3,5")]
    [InlineData("explain", "--bootstrap-epochs", "0")]
    public void Values_that_make_no_sense_are_refused_before_anything_begins(string verb, string option, string text) =>
        Assert.Single(Errors(verb, option, text));

    [Theory]
    [InlineData("generate", "--guidance", "1.5")]
    [InlineData("generate", "--guidance", "0")]
    [InlineData("generate", "--guidance", "7.5e0")]
    [InlineData("generate", "--activation-bits", "16")]
    [InlineData("generate", "--seed", "18446744073709551615")]
    [InlineData("generate", "--seed", "-9223372036854775808")]
    [InlineData("plan", "--activations", "8,6")]
    [InlineData("plan", "--size", "1.9MB")]
    [InlineData("fit", "--epochs", "0")]
    public void Numbers_in_range_are_taken(string verb, string option, string text) =>
        Assert.Empty(Errors(verb, option, text));

    [Fact]
    public async Task A_decimal_comma_is_named_and_nothing_is_made()
    {
        using var model = new ModelCopy();
        string images = model.Beside("a");

        Q2Result result = (
            await Q2.RunAsync(
                "generate",
                model.Path,
                "--prompt",
                "a cat",
                "--steps",
                "2",
                "--guidance",
                "1,5",
                "--out",
                images
            )
        ).Refused("'1,5' is no number; decimals take a point");

        Assert.Equal("", result.Output);
        Assert.Single(result.Errors.TrimEnd().Split('\n'));
        Assert.False(Directory.Exists(images));
    }

    [Fact]
    public async Task A_size_that_no_allocation_has_is_refused_with_those_that_there_are_before_the_bank()
    {
        using var model = new ModelCopy();
        foreach (string verb in new[] { "study", "run" })
        {
            (
                await Q2.RunAsync(
                    verb,
                    model.Path,
                    "--run",
                    model.Beside("r"),
                    "--trials",
                    "1",
                    "--images",
                    "2",
                    "--steps",
                    "2",
                    "--fixed-bits",
                    "35"
                )
            ).Refused("35", "3.");
        }
        Assert.False(Directory.Exists(Path.Combine(model.Beside("r"), "bank")));
    }

    [Fact]
    public async Task Under_json_the_error_is_an_object_on_standard_output()
    {
        Q2Result result = await Q2.RunAsync("study", "somewhere", "--trials", "many", "--json");
        result.Refused("many");
        Assert.Contains("many", result.Json.GetProperty("error").GetString(), StringComparison.Ordinal);
        (await Q2.RunAsync("inspect", "/no/such/folder", "--json")).Refused("no such folder").Json.GetProperty("error");
    }

    private static IReadOnlyList<string> Errors(string verb, string option, string text)
    {
        string[] given = verb == "generate" ? ["--prompt", "a"] : [];
        RootCommand root = CommandTree.Create();
        (IReadOnlyList<string> words, _, string? fault) = CommandWords.Read(root, [verb, "m", option, text, .. given]);
        Assert.Null(fault);
        return [.. root.Parse(words).Errors.Select(error => error.Message)];
    }

    private static bool TakesNumbers(Option option)
    {
        Type type = option.ValueType.GetElementType() ?? option.ValueType;
        type = Nullable.GetUnderlyingType(type) ?? type;
        return type.IsPrimitive && type != typeof(bool);
    }
}
