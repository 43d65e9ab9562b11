using System.CommandLine;
using System.Text.RegularExpressions;
using Xunit;

namespace Qua2SeDiMo.Cli.Tests;

/// <summary>The program has for every remedy of the library a sentence that names its commands.</summary>
public sealed partial class RemedyWordsTests
{
    public static TheoryData<Remedy> Remedies() => [.. Enum.GetValues<Remedy>()];

    [Theory]
    [MemberData(nameof(Remedies))]
    public void A_remedy_names_verbs_and_options_that_there_are(Remedy remedy)
    {
        string words = RemedyWords.Of(remedy);
        Dictionary<string, Command> verbs = CommandTree.Create().Subcommands.ToDictionary(command => command.Name);

        string[] named = [.. Verb().Matches(words).Select(match => match.Groups["verb"].Value)];
        Assert.NotEmpty(named);
        Assert.All(named, verb => Assert.Contains(verb, verbs.Keys));
        Assert.EndsWith(".", words, StringComparison.Ordinal);
        Assert.All(
            OptionName().Matches(words),
            option => Assert.Contains(verbs[named[0]].Options, known => known.Name == option.Value)
        );
    }

    [Fact]
    public void An_error_that_wraps_another_one_keeps_its_remedy()
    {
        var outer = new Outer(new Outer(null) { Remedy = Remedy.Bank });

        Assert.Equal("wrong. " + RemedyWords.Of(Remedy.Bank), RemedyWords.Message(outer));
        Assert.Equal("wrong.", RemedyWords.Message(new Outer(null)));
    }

    [GeneratedRegex("`q2 (?<verb>[a-z]+)`")]
    private static partial Regex Verb();

    [GeneratedRegex("--[a-z-]+")]
    private static partial Regex OptionName();

    private sealed class Outer(Exception? inner) : Q2Exception("wrong.", inner);
}
