using System.Text;
using System.Text.RegularExpressions;
using Qua2SeDiMo.Json;

namespace Qua2SeDiMo.Diffusion.Tokenizers;

/// <summary>
/// T5's tokenizer: a unigram language model (Kudo, ACL 2018) whose most likely segmentation of each word is found by
/// dynamic programming. Words are split at whitespace and begin with ▁. Not taken from Microsoft.ML.Tokenizers, which
/// follows SentencePiece: the reference ids are those of the library <c>tokenizers</c>, which differ in whitespace,
/// combining marks and special tokens, and damaged files must give typed errors.
/// </summary>
internal sealed partial class UnigramTokenizer : TextTokenizer
{
    private const char WordStart = '▁';
    private const double UnknownPenalty = 10;
    private const int DefaultExtraIds = 100;
    internal const int MaxExtraIds = 10_000;
    private const string ModelName = "spiece.model";

    private readonly Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> lookup;
    private readonly double[] scores;
    private readonly int unknownId;
    private readonly int[] byteIds;
    private readonly int longestPiece;
    private readonly double unknownScore;

    private readonly bool splitsAtBlanks;

    private UnigramTokenizer(Pieces pieces, Dictionary<string, int> ids, TokenizerFrame frame, bool splitsAtBlanks)
        : base(frame, ids)
    {
        lookup = ids.GetAlternateLookup<ReadOnlySpan<char>>();
        scores = [.. pieces.List.Select(piece => piece.Score)];
        longestPiece = pieces.List.Max(piece => piece.Text.Length);
        unknownScore = scores.Min() - UnknownPenalty;
        unknownId = pieces.UnknownId;
        byteIds = pieces.FallsBackToBytes
            ? [.. Enumerable.Range(0, 256).Select(value => ids.GetValueOrDefault($"<0x{value:X2}>", unknownId))]
            : [];
        this.splitsAtBlanks = splitsAtBlanks;
    }

    /// <summary>Reads tokenizer.json, which transformers prefers, or spiece.model.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="maximumLength">Length to pad and truncate to.</param>
    /// <param name="isConcrete">Whether the folder names a concrete class, which determines normalization and
    /// splitting; else tokenizer.json does.</param>
    public static UnigramTokenizer Open(TokenizerFolder folder, int maximumLength, bool isConcrete)
    {
        Pieces pieces = folder.Json is { } json ? ReadJson(json) : ReadModel(folder);
        Func<string, string>[] steps = isConcrete
            ? [pieces.Characters.Apply]
            : ReadSteps(folder.Json!, pieces.Characters);
        var ids = new Dictionary<string, int>(StringComparer.Ordinal);
        for (int i = 0; i < pieces.List.Count; i++)
            ids.TryAdd(pieces.List[i].Text, i);
        string end = folder.SpecialToken("eos_token", "</s>"),
            padding = folder.SpecialToken("pad_token", "<pad>"),
            unknown = folder.SpecialToken("unk_token", "<unk>");
        IEnumerable<string> special = folder.SpecialTokens(ids, [.. pieces.Sentinels, end, padding, unknown]);
        var added = new AddedTokens(
            AddedVocabulary.Read(folder, ids, special),
            text => steps.Aggregate(text, (current, step) => step(current))
        );
        (int[] before, int[] after) = isConcrete ? ([], [IdOf(end)]) : TextEnds.Read(folder.Json!, folder, IdOf);
        return new UnigramTokenizer(
            pieces,
            ids,
            new TokenizerFrame(before, after, IdOf(padding), added, maximumLength),
            isConcrete || SplitsAtBlanks(folder.Json!)
        );

        int IdOf(string token) =>
            ids.TryGetValue(token, out int id) || added.Ids.TryGetValue(token, out id)
                ? id
                : throw new TokenizerException(
                    $"{folder.DirectoryPath}: special token '{token}' is not in the vocabulary."
                );
    }

    /// <inheritdoc/>
    protected override void AddIds(string text, List<int> ids)
    {
        if (splitsAtBlanks)
        {
            foreach (string word in text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries))
                AddWord(word, ids);
        }
        else if (text.Length > 0)
        {
            AddWord(text.Replace(' ', WordStart), ids);
        }
    }

    private static Pieces ReadModel(TokenizerFolder folder)
    {
        string source = Path.Combine(folder.DirectoryPath, ModelName);
        SentencePieceModel model = SentencePieceModel.Parse(folder.ReadBytes(ModelName), source);
        var pieces = model.Pieces.Select(piece => (piece.Text, (double)piece.Score)).ToList();

        // The sentinels follow the vocabulary, highest number first.
        IReadOnlyList<string> additional = folder.AdditionalSpecialTokens;
        int sentinels =
            folder.Config["extra_ids"].IntOrNull()
            ?? (additional.Count > 0 ? additional.Count(token => SentinelName().IsMatch(token)) : DefaultExtraIds);
        if (sentinels is < 0 or > MaxExtraIds)
            throw folder.Config["extra_ids"].Error($"{sentinels} sentinels; 0 to {MaxExtraIds} are possible.");
        string[] names = [.. Enumerable.Range(0, sentinels).Select(i => $"<extra_id_{sentinels - 1 - i}>")];
        var known = model.Pieces.Select(piece => piece.Text).ToHashSet(StringComparer.Ordinal);
        pieces.AddRange(names.Where(name => !known.Contains(name)).Select(name => (name, 0.0)));
        return new Pieces(
            pieces,
            model.UnknownId,
            model.FallsBackToBytes,
            new CharacterMap(model.CharacterMap, source),
            names
        );
    }

    private static Pieces ReadJson(TokenizerJson json)
    {
        json.RequireModel("Unigram");
        List<(string, double)> pieces = json.ReadPieces();
        int unknown = json.Model["unk_id"].Int();
        if (unknown < 0 || unknown >= pieces.Count)
            throw json.Model["unk_id"].Error($"the unknown piece {unknown} is not among the {pieces.Count} pieces.");
        return new Pieces(
            pieces,
            unknown,
            json.Model["byte_fallback"].FlagOrNull() ?? false,
            new CharacterMap(json.ReadCharacterMap(), json.Model.Source),
            []
        );
    }

    private static Func<string, string>[] ReadSteps(TokenizerJson json, CharacterMap characters) =>
        [
            .. json.Normalizers.Select<ForeignValue, Func<string, string>>(step =>
            {
                switch (step["type"].TextOrNull())
                {
                    case "Precompiled":
                        return characters.Apply;
                    case "Strip":
                        bool left = step["strip_left"].FlagOrNull() ?? true,
                            right = step["strip_right"].FlagOrNull() ?? true;
                        return text =>
                            left && right ? text.Trim()
                            : right ? text.TrimEnd()
                            : left ? text.TrimStart()
                            : text;
                    case "Replace" when step["pattern"]["Regex"].TextOrNull() == " {2,}":
                        string content = step["content"].Text();
                        return text => Spaces().Replace(text, _ => content);
                    default:
                        throw TokenizerJson.Unsupported(
                            step,
                            "for unigrams Precompiled, Strip, and Replace of several spaces are"
                        );
                }
            }),
        ];

    // Whether words end at any whitespace, or only at spaces.
    private static bool SplitsAtBlanks(TokenizerJson json)
    {
        const string Supported =
            "words of unigrams are found by Metaspace before every word, alone or after WhitespaceSplit";
        IReadOnlyList<ForeignValue> cuts = json.PreTokenizers;
        if (cuts.Count == 0)
            throw json.Model.Error($"there is no pre_tokenizer; {Supported}.");
        ForeignValue words = cuts[^1];
        bool marksEvery = words["prepend_scheme"].TextOrNull() is { } scheme
            ? scheme == "always"
            : words["add_prefix_space"].FlagOrNull() ?? true;
        if (
            words["type"].TextOrNull() != "Metaspace"
            || words["replacement"].TextOrNull() is not (null or "▁")
            || !marksEvery
            || words["split"].FlagOrNull() == false
        )
            throw TokenizerJson.Unsupported(words, Supported);
        bool splits = cuts.Count == 2 && cuts[0]["type"].TextOrNull() == "WhitespaceSplit";
        return splits || cuts.Count == 1 ? splits : throw TokenizerJson.Unsupported(cuts[0], Supported);
    }

    // A ▁ in the text also starts a new word.
    private void AddWord(string word, List<int> result)
    {
        string marked = word[0] == WordStart ? word : WordStart + word;
        for (int start = 0; start < marked.Length; )
        {
            int next = marked.IndexOf(WordStart, start + 1);
            int end = next < 0 ? marked.Length : next;
            AddPieces(marked.AsSpan(start, end - start), result);
            start = end;
        }
    }

    // best[i] is the score of the most likely segmentation of the first i characters; its last piece starts at from[i].
    private void AddPieces(ReadOnlySpan<char> word, List<int> result)
    {
        double[] best = new double[word.Length + 1];
        int[] from = new int[word.Length + 1];
        int[] piece = new int[word.Length + 1];
        Array.Fill(from, -1);
        for (int start = 0; start < word.Length; )
        {
            int width = char.IsSurrogatePair(word[start], start + 1 < word.Length ? word[start + 1] : '\0') ? 2 : 1;
            bool isCovered = false;
            for (int length = 1; length <= Math.Min(longestPiece, word.Length - start); length++)
            {
                if (!lookup.TryGetValue(word.Slice(start, length), out int id))
                    continue;
                Improve(start, start + length, id, scores[id]);
                isCovered |= length == width;
            }
            if (!isCovered)
                Improve(start, start + width, unknownId, unknownScore);
            start += width;
        }

        int before = result.Count;
        for (int end = word.Length; end > 0; )
        {
            int start = from[end];
            if (piece[end] == unknownId)
            {
                // Adjacent unknown characters become one unknown token.
                while (start > 0 && piece[start] == unknownId)
                    start = from[start];
                AddUnknown(word[start..end], result);
            }
            else
            {
                result.Add(piece[end]);
            }
            end = start;
        }
        result.Reverse(before, result.Count - before);

        void Improve(int start, int end, int id, double score)
        {
            double candidate = best[start] + score;
            if (from[end] >= 0 && candidate <= best[end])
                return;
            (best[end], from[end], piece[end]) = (candidate, start, id);
        }
    }

    // Bytes are added in reverse, because pieces are collected from the end.
    private void AddUnknown(ReadOnlySpan<char> characters, List<int> result)
    {
        byte[] bytes = byteIds.Length == 0 ? [] : Encoding.UTF8.GetBytes(characters.ToArray());
        if (bytes.Length == 0 || bytes.Any(value => byteIds[value] == unknownId))
            result.Add(unknownId);
        else
            result.AddRange(bytes.Reverse().Select(value => byteIds[value]));
    }

    [GeneratedRegex(" {2,}")]
    private static partial Regex Spaces();

    [GeneratedRegex("^<extra_id_[0-9]+>$")]
    private static partial Regex SentinelName();

    // A vocabulary with the scores of its pieces, and the names of the sentinels, which a folder without tokenizer.json
    // does not list.
    private sealed record Pieces(
        List<(string Text, double Score)> List,
        int UnknownId,
        bool FallsBackToBytes,
        CharacterMap Characters,
        string[] Sentinels
    );
}
