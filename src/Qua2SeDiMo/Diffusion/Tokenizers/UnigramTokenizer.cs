using System.Text;
using System.Text.RegularExpressions;
using Qua2SeDiMo.Json;

namespace Qua2SeDiMo.Diffusion.Tokenizers;

/// <summary>
/// T5's tokenizer: a unigram language model (Kudo, ACL 2018) whose most likely segmentation of each word is found by dynamic programming. Words are
/// split at whitespace and begin with ▁. Written here because the reference ids are those of the library <c>tokenizers</c>, which differ from
/// SentencePiece's own (followed by Microsoft.ML.Tokenizers) in whitespace, combining marks and special tokens, and because damaged files must give typed errors.
/// </summary>
internal sealed partial class UnigramTokenizer : ITokenizer
{
    private const char WordStart = '▁';
    private const double UnknownPenalty = 10;
    private const int DefaultExtraIds = 100;
    private const int MostSentinels = 10_000;

    private readonly Dictionary<string, int> ids;
    private readonly Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> lookup;
    private readonly double[] scores;
    private readonly CharacterMap characters;
    private readonly SpecialTokens specialTokens;
    private readonly int unknownId;
    private readonly int endId;
    private readonly int[] byteIds;
    private readonly int longestPiece;
    private readonly double unknownScore;

    private UnigramTokenizer(TokenizerFolder folder, IReadOnlyList<(string Text, double Score)> pieces, int unknownId, bool fallsBackToBytes, CharacterMap characters, IEnumerable<string> special, int maximumLength)
    {
        ids = new Dictionary<string, int>(StringComparer.Ordinal);
        for (int i = 0; i < pieces.Count; i++) ids.TryAdd(pieces[i].Text, i);
        lookup = ids.GetAlternateLookup<ReadOnlySpan<char>>();
        scores = [.. pieces.Select(piece => piece.Score)];
        longestPiece = pieces.Max(piece => piece.Text.Length);
        unknownScore = scores.Min() - UnknownPenalty;
        byteIds = fallsBackToBytes ? [.. Enumerable.Range(0, 256).Select(value => ids.GetValueOrDefault($"<0x{value:X2}>", unknownId))] : [];
        this.characters = characters;
        this.unknownId = unknownId;
        string end = folder.SpecialToken("eos_token", "</s>");
        string padding = folder.SpecialToken("pad_token", "<pad>");
        endId = IdOf(end, folder);
        PaddingId = IdOf(padding, folder);
        string[] names = [.. special, end, padding, folder.SpecialToken("unk_token", "<unk>")];
        specialTokens = new SpecialTokens(names.Distinct().Where(ids.ContainsKey).Select(name => KeyValuePair.Create(name, ids[name])));
        MaximumLength = maximumLength;
    }

    /// <inheritdoc/>
    public int MaximumLength { get; }

    /// <inheritdoc/>
    public int PaddingId { get; }

    /// <summary>Reads spiece.model, or tokenizer.json where there is none.</summary>
    public static UnigramTokenizer Open(TokenizerFolder folder, int maximumLength)
    {
        if (!folder.Has("spiece.model") && folder.Has("tokenizer.json")) return OpenJson(folder, maximumLength);
        string source = Path.Combine(folder.DirectoryPath, "spiece.model");
        SentencePieceModel model = SentencePieceModel.Parse(folder.ReadBytes("spiece.model"), source);
        var pieces = model.Pieces.Select(piece => (piece.Text, (double)piece.Score)).ToList();

        // The sentinels stand after the vocabulary with the highest number first.
        IReadOnlyList<string> additional = folder.AdditionalSpecialTokens;
        int sentinels = folder.Count("extra_ids", MostSentinels) ?? (additional.Count > 0 ? additional.Count(token => SentinelName().IsMatch(token)) : DefaultExtraIds);
        string[] names = [.. Enumerable.Range(0, sentinels).Select(i => $"<extra_id_{sentinels - 1 - i}>")];
        var known = model.Pieces.Select(piece => piece.Text).ToHashSet(StringComparer.Ordinal);
        pieces.AddRange(names.Where(name => !known.Contains(name)).Select(name => (name, 0.0)));
        return new UnigramTokenizer(folder, pieces, model.UnknownId, model.FallsBackToBytes, new CharacterMap(model.CharacterMap, source), names.Concat(additional), maximumLength);
    }

    /// <inheritdoc/>
    public IReadOnlyList<int> EncodeIds(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var result = new List<int>();
        foreach ((string part, int id) in specialTokens.Split(text))
        {
            if (id >= 0)
            {
                result.Add(id);
                continue;
            }
            foreach (string word in characters.Apply(part).Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)) AddWord(word, result);
        }
        result.Add(endId);
        return result;
    }

    /// <inheritdoc/>
    public TokenizedText Encode(string text) => Padding.Fit(EncodeIds(text), MaximumLength, PaddingId);

    private static UnigramTokenizer OpenJson(TokenizerFolder folder, int maximumLength)
    {
        ForeignValue root = folder.ReadJson("tokenizer.json"), model = root["model"];
        if (model["type"].TextOrNull() != "Unigram") throw model["type"].Fault("Unigram beside a T5 tokenizer");
        (string, double)[] pieces = [.. model["vocab"].Items.Select(ReadPiece)];
        int unknown = model["unk_id"].Int();
        if (unknown < 0 || unknown >= pieces.Length) throw model["unk_id"].Fault($"one of the {pieces.Length} pieces");
        string[] special = [.. root["added_tokens"].Items.Select(token => token["content"].Text())];
        byte[] map = ReadCharacterMap(root["normalizer"]);
        return new UnigramTokenizer(folder, pieces, unknown, model["byte_fallback"].FlagOrNull() ?? false, new CharacterMap(map, root.Source), special, maximumLength);
    }

    private static (string Text, double Score) ReadPiece(ForeignValue piece) => piece.Items is [var text, var score] ? (text.Text(), score.Number()) : throw piece.Fault("a piece and its score");

    // Steps that only touch whitespace change nothing, because words are split at any run of it.
    private static byte[] ReadCharacterMap(ForeignValue normalizer)
    {
        if (normalizer.IsNull) return [];
        switch (normalizer["type"].Text())
        {
            case "Precompiled":
                return ReadBytes(normalizer["precompiled_charsmap"]);
            case "Strip" or "Replace":
                return [];
            case "Sequence":
                return normalizer["normalizers"].Items.Select(ReadCharacterMap).FirstOrDefault(map => map.Length > 0, []);
            default:
                throw normalizer["type"].Fault("a normalizer that is supported: Precompiled, Strip, Replace or a Sequence of them");
        }
    }

    private static byte[] ReadBytes(ForeignValue base64)
    {
        byte[] bytes = new byte[base64.Text().Length];
        return Convert.TryFromBase64String(base64.Text(), bytes, out int count) ? bytes[..count] : throw base64.Fault("base64");
    }

    // A ▁ written in the text starts a new word, too.
    private void AddWord(string word, List<int> result)
    {
        string marked = word[0] == WordStart ? word : WordStart + word;
        for (int start = 0; start < marked.Length;)
        {
            int next = marked.IndexOf(WordStart, start + 1);
            int end = next < 0 ? marked.Length : next;
            AddPieces(marked.AsSpan(start, end - start), result);
            start = end;
        }
    }

    // best[i] is the score of the likeliest segmentation of the first i characters, whose last piece starts at from[i].
    private void AddPieces(ReadOnlySpan<char> word, List<int> result)
    {
        double[] best = new double[word.Length + 1];
        int[] from = new int[word.Length + 1];
        int[] piece = new int[word.Length + 1];
        Array.Fill(from, -1);
        for (int start = 0; start < word.Length;)
        {
            int width = char.IsSurrogatePair(word[start], start + 1 < word.Length ? word[start + 1] : '\0') ? 2 : 1;
            bool isCovered = false;
            for (int length = 1; length <= Math.Min(longestPiece, word.Length - start); length++)
            {
                if (!lookup.TryGetValue(word.Slice(start, length), out int id)) continue;
                Improve(start, start + length, id, scores[id]);
                isCovered |= length == width;
            }
            if (!isCovered) Improve(start, start + width, unknownId, unknownScore);
            start += width;
        }

        int before = result.Count;
        for (int end = word.Length; end > 0;)
        {
            int start = from[end];
            if (piece[end] == unknownId)
            {
                // Neighbouring unknown characters are one unknown token.
                while (start > 0 && piece[start] == unknownId) start = from[start];
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
            if (from[end] >= 0 && candidate <= best[end]) return;
            (best[end], from[end], piece[end]) = (candidate, start, id);
        }
    }

    // In reverse, as the pieces are collected from the end.
    private void AddUnknown(ReadOnlySpan<char> characters, List<int> result)
    {
        byte[] bytes = byteIds.Length == 0 ? [] : Encoding.UTF8.GetBytes(characters.ToArray());
        if (bytes.Length == 0 || bytes.Any(value => byteIds[value] == unknownId)) result.Add(unknownId);
        else result.AddRange(bytes.Reverse().Select(value => byteIds[value]));
    }

    private int IdOf(string token, TokenizerFolder folder) =>
        ids.TryGetValue(token, out int id) ? id : throw new TokenizerException($"{folder.DirectoryPath}: special token '{token}' is not in the vocabulary.");

    [GeneratedRegex("^<extra_id_[0-9]+>$")]
    private static partial Regex SentinelName();
}
