using System.CommandLine;

namespace Qua2SeDiMo.Cli;

/// <summary>
/// Checks the words of a command line before the parser, which misreads some mistakes silently: after <c>--prompt=</c>
/// it takes the next option as the text, and a misspelled option after <c>--prompt "a cat"</c> as a second prompt.
/// </summary>
internal sealed class CommandWords
{
    private readonly RootCommand root;
    private readonly List<string> places = [];
    private readonly List<string> options = [];
    private Command command;

    private CommandWords(RootCommand root)
    {
        this.root = root;
        command = root;
    }

    /// <summary>Orders the words: the verb, positional arguments, then options with their values.</summary>
    /// <param name="root">The verbs.</param>
    /// <param name="words">Arguments of the process.</param>
    /// <returns>The words for the parser, the verb (empty for none), and a description of the first mistake, or
    /// null.</returns>
    internal static (IReadOnlyList<string> Words, string Verb, string? Fault) Read(
        RootCommand root,
        IReadOnlyList<string> words
    )
    {
        // Completion requests of shells begin with a directive in brackets and are passed on unchanged.
        if (words is [['[', ..], ..])
            return (words, "", null);
        var reader = new CommandWords(root);
        string? fault = reader.Read(words);
        Command found = reader.command;
        return (
            [.. found == root ? Array.Empty<string>() : [found.Name], .. reader.places, .. reader.options],
            found == root ? "" : found.Name,
            fault
        );
    }

    private string? Read(IReadOnlyList<string> words)
    {
        for (int i = 0; i < words.Count; i++)
        {
            string word = words[i];
            if (word == "--")
            {
                options.AddRange(words.Skip(i));
                return null;
            }
            if (!IsOption(word))
            {
                if (ReadPlace(word) is { } wrong)
                    return wrong;
                continue;
            }
            int cut = word.IndexOfAny(['=', ':']);
            string name = cut < 0 ? word : word[..cut];
            if (Find(name) is not { } option)
                return $"there is no option '{name}'{Spelling.Suggestion(name, Known().Select(known => known.Name))}.";
            if (cut >= 0)
            {
                // The parser ignores an empty value after '=', but accepts one as a separate word.
                if (cut == word.Length - 1)
                    options.AddRange(name, "");
                else
                    options.Add(word);
                continue;
            }
            options.Add(word);
            if (ReadValues(option, words, ref i) is { } fault)
                return fault;
        }
        return null;
    }

    private string? ReadPlace(string word)
    {
        if (command != root)
        {
            places.Add(word);
            return null;
        }
        if (root.Subcommands.FirstOrDefault(verb => verb.Name == word) is { } found)
        {
            command = found;
            return null;
        }
        string[] verbs = [.. root.Subcommands.Select(verb => verb.Name)];
        return $"there is no verb '{word}'{Spelling.Suggestion(word, verbs)}; there are {string.Join(", ", verbs)}.";
    }

    // The values that follow an option, up to the next one.
    private string? ReadValues(Option option, IReadOnlyList<string> words, ref int i)
    {
        if (option.Arity.MinimumNumberOfValues == 0)
        {
            if (i + 1 < words.Count && option.Arity.MaximumNumberOfValues > 0 && bool.TryParse(words[i + 1], out _))
                options.Add(words[++i]);
            return null;
        }
        for (
            bool isFirst = true;
            i + 1 < words.Count && (isFirst || option.AllowMultipleArgumentsPerToken);
            isFirst = false
        )
        {
            string next = words[i + 1];
            bool isOption =
                IsOption(next) || (!isFirst && next.Length > 1 && next[0] == '-' && char.IsAsciiLetter(next[1]));
            if (isFirst && isOption)
                return $"{option.Name} takes a value, and '{next}' is an option; {option.Name}={next} if it is the value.";
            if (isOption || next == "--")
                return null;
            options.Add(next);
            i++;
        }
        return null;
    }

    private bool IsOption(string word) =>
        (word.Length > 2 && word.StartsWith("--", StringComparison.Ordinal) && char.IsAsciiLetter(word[2]))
        || (
            word.Length > 1
            && word[0] == '-'
            && (Find(word) is not null || (char.IsAsciiLetter(word[1]) && word.Length == 2))
        );

    private Option? Find(string name) =>
        Known().FirstOrDefault(option => option.Name == name || option.Aliases.Contains(name));

    private IEnumerable<Option> Known() =>
        command == root ? root.Options : command.Options.Concat(root.Options.Where(option => option.Recursive));
}
