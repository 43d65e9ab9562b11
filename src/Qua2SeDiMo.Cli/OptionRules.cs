using System.CommandLine;
using System.CommandLine.Parsing;

namespace Qua2SeDiMo.Cli;

/// <summary>
/// Rules between the options of a verb: what contradicts another option, or would do nothing without one, is refused
/// before anything begins, with what would work.
/// </summary>
internal static class OptionRules
{
    // Texts, which may be empty; an empty name or path is a variable of a script that was not set.
    private static readonly string[] Texts = ["--prompt", "--negative-prompt"];

    /// <summary>An option that does nothing without another.</summary>
    internal static void Needs(this Command command, Option option, Option other, string meaning) =>
        command.Validators.Add(result =>
        {
            if (IsGiven(result, option) && !IsGiven(result, other))
                result.AddError($"{option.Name} does nothing without {other.Name}: {meaning}.");
        });

    /// <summary>Two options that contradict each other.</summary>
    internal static void Excludes(this Command command, Option option, Option other, string meaning) =>
        command.Validators.Add(result =>
        {
            if (IsGiven(result, option) && IsGiven(result, other))
                result.AddError($"{option.Name} and {other.Name} do not go together: {meaning}.");
        });

    /// <summary>Negative prompts do nothing where guidance is off.</summary>
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
        // An option that is given twice may have its values at one place only.
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

    /// <summary>Whether the person gave the option.</summary>
    internal static bool IsGiven(CommandResult result, Option option) =>
        result.GetResult(option) is { Implicit: false };

    /// <summary>The words that the person gave as values of the option.</summary>
    internal static IReadOnlyList<string> Words(CommandResult result, Option option) =>
        IsGiven(result, option) ? [.. result.GetResult(option)!.Tokens.Select(token => token.Value)] : [];

    private static void RefuseEmpty(SymbolResult result, string name, IReadOnlyList<Token> tokens)
    {
        if (tokens.Any(token => token.Value.Length == 0))
            result.AddError($"{name}: its value is empty; leave it out, or give one.");
    }
}
