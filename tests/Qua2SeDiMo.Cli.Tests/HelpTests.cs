using System.CommandLine;
using Xunit;

namespace Qua2SeDiMo.Cli.Tests;

public sealed class HelpTests
{
    public static TheoryData<string> Verbs => [.. CommandTree.Create().Subcommands.Select(command => command.Name)];

    [Theory]
    [MemberData(nameof(Verbs))]
    public async Task Help_lists_every_option_with_its_default(string verb)
    {
        Q2Result result = (await Q2.RunAsync(verb, "--help")).Succeeded();

        Assert.Equal("", result.Errors);
        Command command = CommandTree.Create().Subcommands.Single(command => command.Name == verb);
        string[] lines = result.Output.Split('\n');
        foreach (Option option in command.Options.Where(option => option is not System.CommandLine.Help.HelpOption))
        {
            string line = Assert.Single(
                lines,
                line => line.TrimStart().StartsWith(option.Name + " ", StringComparison.Ordinal)
            );
            Assert.False(string.IsNullOrEmpty(option.Description), option.Name);
            // A switch is off by default, which the help need not state.
            if (!option.HasDefaultValue || option.GetDefaultValue() is not { } value || value is false)
                continue;
            string text = value is Array list ? string.Join('|', list.Cast<object>()) : $"{value}";
            if (text.Length > 0)
                Assert.Contains($"[default: {text}]", line, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Help_of_the_program_names_every_verb()
    {
        Q2Result result = (await Q2.RunAsync("--help")).Succeeded();
        Assert.All(
            CommandTree.Create().Subcommands,
            command => Assert.Contains($"\n  {command.Name} ", result.Output, StringComparison.Ordinal)
        );
    }
}
