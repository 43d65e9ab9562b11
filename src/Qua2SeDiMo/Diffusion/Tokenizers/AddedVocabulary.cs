using System.Globalization;
using Qua2SeDiMo.Json;

namespace Qua2SeDiMo.Diffusion.Tokenizers;

/// <summary>
/// Reads the tokens that a folder adds to a vocabulary, from <c>added_tokens_decoder</c> of tokenizer_config.json,
/// <c>added_tokens</c> of tokenizer.json and added_tokens.json. When they differ in how a token is matched, the first
/// one wins; when they differ in its id, reading fails.
/// </summary>
internal sealed class AddedVocabulary
{
    private const string Config = "tokenizer_config.json";
    private const string Legacy = "added_tokens.json";

    private readonly TokenizerFolder folder;
    private readonly IReadOnlyDictionary<string, int> vocabulary;
    private readonly Dictionary<string, (AddedToken Token, string Source)> tokens = new(StringComparer.Ordinal);
    private readonly Dictionary<int, string> contents = [];

    private AddedVocabulary(TokenizerFolder folder, IReadOnlyDictionary<string, int> vocabulary) =>
        (this.folder, this.vocabulary) = (folder, vocabulary);

    /// <summary>Reads the tokens of a folder.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="vocabulary">Ids of the tokens of the tokenizer's model.</param>
    /// <param name="special">Special tokens, which are matched anywhere in a text; those that have no id yet get the
    /// next ids.</param>
    /// <exception cref="TokenizerException">Files contradict each other in the id of a token, or an id is negative or
    /// not a number.</exception>
    public static IReadOnlyCollection<AddedToken> Read(
        TokenizerFolder folder,
        IReadOnlyDictionary<string, int> vocabulary,
        IEnumerable<string> special
    )
    {
        var added = new AddedVocabulary(folder, vocabulary);
        string[] roles = [.. special.Distinct()];
        added.ReadFiles([.. roles]);
        int next =
            Math.Max(vocabulary.Values.DefaultIfEmpty(-1).Max(), added.contents.Keys.DefaultIfEmpty(-1).Max()) + 1;
        foreach (string content in roles.Where(content => content.Length > 0 && !added.tokens.ContainsKey(content)))
        {
            added.Add(
                new AddedToken(content, vocabulary.TryGetValue(content, out int id) ? id : next++),
                "the special tokens"
            );
        }
        return [.. added.tokens.Values.Select(entry => entry.Token)];
    }

    private void ReadFiles(HashSet<string> special)
    {
        ForeignValue decoder = folder.Config["added_tokens_decoder"];
        foreach ((string key, ForeignValue entry) in decoder.IsNull ? [] : decoder.Members)
        {
            if (!int.TryParse(key, NumberStyles.None, CultureInfo.InvariantCulture, out int id))
                throw entry.Error($"'{key}' is no token id.");
            Add(Token(entry, id), Config);
        }
        if (folder.Json is { } json)
        {
            foreach (ForeignValue entry in json.AddedTokens)
                Add(Token(entry, entry["id"].Int()), TokenizerJson.FileName);
        }
        if (!folder.Has(Legacy))
            return;
        foreach ((string content, ForeignValue id) in folder.ReadJson(Legacy).Members)
        {
            Add(new AddedToken(content, id.Int()) { IsNormalized = !special.Contains(content) }, Legacy);
        }
    }

    private static AddedToken Token(ForeignValue entry, int id) =>
        new(entry["content"].Text(), id)
        {
            IsSingleWord = entry["single_word"].FlagOrNull() ?? false,
            TakesBlanksBefore = entry["lstrip"].FlagOrNull() ?? false,
            TakesBlanksAfter = entry["rstrip"].FlagOrNull() ?? false,
            IsNormalized = entry["normalized"].FlagOrNull() ?? !(entry["special"].FlagOrNull() ?? false),
        };

    private void Add(AddedToken token, string source)
    {
        if (token.Content.Length == 0)
            return;
        if (token.Id < 0)
            throw new TokenizerException(
                $"{folder.DirectoryPath}: {source} gives token '{token.Content}' the id {token.Id}; ids count from 0."
            );
        if (tokens.TryGetValue(token.Content, out (AddedToken Token, string Source) known))
        {
            if (known.Token.Id != token.Id)
                throw Contradiction(
                    $"token '{token.Content}' has id {known.Token.Id} in {known.Source} and id {token.Id} in {source}"
                );
            return;
        }
        if (vocabulary.TryGetValue(token.Content, out int own))
        {
            if (own != token.Id)
                throw Contradiction(
                    $"token '{token.Content}' has id {own} in the vocabulary and id {token.Id} in {source}"
                );
        }
        else if (
            contents.TryGetValue(token.Id, out string? other)
            || (other = vocabulary.FirstOrDefault(pair => pair.Value == token.Id).Key) is not null
        )
        {
            throw Contradiction(
                $"{source} gives token '{token.Content}' the id {token.Id}, which is that of '{other}'"
            );
        }
        tokens.Add(token.Content, (token, source));
        contents.TryAdd(token.Id, token.Content);
    }

    private TokenizerException Contradiction(string found) =>
        new($"{folder.DirectoryPath}: {found}; which embedding is meant cannot be known. Save the tokenizer again.");
}
