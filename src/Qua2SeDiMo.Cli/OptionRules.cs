using System.CommandLine;
using System.CommandLine.Parsing;

namespace Qua2SeDiMo.Cli;

/// <summary>Rules between the options of a verb. An option that contradicts another one, or has no effect without it,
/// is an error before work begins.</summary>
internal static class OptionRules
{
    // Options whose text may be empty. An empty name or path usually comes from an unset variable of a script.
    private static readonly string[] Texts = ["--prompt", "--negative-prompt"];

    /// <summary>Declares that an option has no effect without another one.</summary>
    internal static void Needs(this Command command, Option option, Option other, string meaning) =>
        command.Validators.Add(result =>
        {
            if (IsGiven(result, option) && !IsGiven(result, other))
                result.AddError($"{option.Name} does nothing without {other.Name}: {meaning}.");
        });

    /// <summary>Declares that two options exclude each other.</summary>
    internal static void Excludes(this Command command, Option option, Option other, string meaning) =>
        command.Validators.Add(result =>
        {
            if (IsGiven(result, option) && IsGiven(result, other))
                result.AddError($"{option.Name} and {other.Name} do not go together: {meaning}.");
        });

    /// <summary>Declares that negative prompts have no effect when guidance is off.</summary>
    internal static void NeedsGuidance(this Command command, Option negative, Option guidance) =>
        command.Validators.Add(result =>
        {
            if (!IsGiven(result, negative) || Words(result, guidance) is not [string scale])
                return;
            if (NumberOption.IsAtMostOne(scale))
                result.AddError(
                    $"{negative.Name} does nothing at {guidance.Name} {scale}: only guidance above 1 steers away from it."
                );
        });

    /// <summary>Refuses options without their value, and empty names, numbers and paths, of every verb.</summary>
    internal static void RefuseEmptyValues(this Command command)
    {
        // An option that is given twice has two identifiers; fewer values mean that one of them lacks its value.
        foreach (Option option in command.Options.Where(option => option.Arity.MinimumNumberOfValues > 0))
        {
            option.Validators.Add(result =>
            {
                if (result.Tokens.Count > 0 && result.IdentifierTokenCount > result.Tokens.Count)
                    result.AddError($"{option.Name}: a value is missing.");
            });
        }
        foreach (Option option in command.Options.Where(option => !Texts.Contains(option.Name)))
        {
            option.Validators.Add(result => RefuseEmpty(result, option.Name, result.Tokens));
        }
        foreach (Argument argument in command.Arguments)
            argument.Validators.Add(result => RefuseEmpty(result, argument.Name, result.Tokens));
    }

    /// <summary>Whether the option is on the command line, not only present by its default.</summary>
    internal static bool IsGiven(CommandResult result, Option option) =>
        result.GetResult(option) is { Implicit: false };

    /// <summary>The option's values on the command line; empty when it is omitted.</summary>
    internal static IReadOnlyList<string> Words(CommandResult result, Option option) =>
        IsGiven(result, option) ? [.. result.GetResult(option)!.Tokens.Select(token => token.Value)] : [];

    private static void RefuseEmpty(SymbolResult result, string name, IReadOnlyList<Token> tokens)
    {
        if (tokens.Any(token => token.Value.Length == 0))
            result.AddError($"{name}: its value is empty; leave it out, or give one.");
    }
}
