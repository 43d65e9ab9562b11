using System.CommandLine;
using System.CommandLine.Parsing;

namespace Qua2SeDiMo.Cli;

/// <summary>Declares options whose value is one of a few words. Any other word is an error that lists the allowed
/// ones.</summary>
internal static class ChoiceOption
{
    /// <summary>An option for a value of an enumeration, with a default.</summary>
    internal static Option<T> Of<T>(string name, string description, T fallback)
        where T : struct, Enum =>
        new(name)
        {
            Description = description,
            HelpName = string.Join('|', Words<T>()),
            DefaultValueFactory = _ => fallback,
            CustomParser = result => Read<T>(result) ?? default,
        };

    /// <summary>An option for a value of an enumeration; null when it is omitted.</summary>
    internal static Option<T?> Optional<T>(string name, string description)
        where T : struct, Enum =>
        new(name)
        {
            Description = description,
            HelpName = string.Join('|', Words<T>()),
            CustomParser = Read<T>,
        };

    /// <summary>An option for one of the given words; null when it is omitted.</summary>
    internal static Option<string?> Optional(string name, string description, IReadOnlyList<string> words) =>
        new(name)
        {
            Description = description,
            HelpName = string.Join('|', words),
            CustomParser = result => Find(result, words) is { } index ? words[index] : null,
        };

    private static T? Read<T>(ArgumentResult result)
        where T : struct, Enum => Find(result, Words<T>()) is { } index ? Enum.GetValues<T>()[index] : null;

    private static string[] Words<T>()
        where T : struct, Enum => [.. Enum.GetNames<T>().Select(name => name.ToLowerInvariant())];

    private static int? Find(ArgumentResult result, IReadOnlyList<string> words)
    {
        string text = result.Tokens[0].Value;
        for (int i = 0; i < words.Count; i++)
        {
            if (words[i].Equals(text, StringComparison.OrdinalIgnoreCase))
                return i;
        }
        result.AddError(
            $"{((OptionResult)result.Parent!).Option.Name}: there is no "
                + $"'{text}'{Spelling.Suggestion(text, words)}; there are {string.Join(", ", words)}."
        );
        return null;
    }
}
