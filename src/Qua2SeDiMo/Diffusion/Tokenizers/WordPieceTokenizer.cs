using System.Globalization;
using System.Text;
using Qua2SeDiMo.Json;

namespace Qua2SeDiMo.Diffusion.Tokenizers;

/// <summary>
/// BERT's tokenizer (Devlin et al., NAACL 2019): text is cleaned, optionally lower-cased and stripped of accents, and
/// split at whitespace, punctuation and CJK ideographs; each word is then split greedily into the longest pieces of the
/// vocabulary from the left. Not taken from Microsoft.ML.Tokenizers, which drops symbols that should become the unknown
/// token, keeps invisible characters that should be removed, and needs ICU for accents.
/// </summary>
internal sealed class WordPieceTokenizer : TextTokenizer
{
    private const int LongestWord = 100;
    private const string Continuation = "##";

    private readonly Dictionary<string, int> vocabulary;
    private readonly int unknownId;

    private WordPieceTokenizer(TokenizerFrame frame, Dictionary<string, int> vocabulary, int unknownId)
        : base(frame, vocabulary) => (this.vocabulary, this.unknownId) = (vocabulary, unknownId);

    /// <summary>Reads tokenizer.json, which transformers prefers, or vocab.txt: one token a line, its id the line
    /// number.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="maximumLength">Length to pad and truncate to.</param>
    /// <param name="isConcrete">Whether the folder names a concrete class, which determines normalization and splitting
    /// with the settings of tokenizer_config.json; else tokenizer.json does.</param>
    public static WordPieceTokenizer Open(TokenizerFolder folder, int maximumLength, bool isConcrete)
    {
        Steps steps = isConcrete ? Steps.Of(folder) : Steps.Of(folder.Json!);
        folder.Json?.RequireModel("WordPiece");
        folder.Json?.RequireSettings(
            ("continuing_subword_prefix", [$"\"{Continuation}\""]),
            ("max_input_chars_per_word", [$"{LongestWord}"])
        );
        Dictionary<string, int> vocabulary = folder.Json?.ReadVocabulary() ?? ReadLines(folder);
        string start = folder.SpecialToken("cls_token", "[CLS]"),
            end = folder.SpecialToken("sep_token", "[SEP]"),
            padding = folder.SpecialToken("pad_token", "[PAD]");
        string unknown = folder.SpecialToken(
            "unk_token",
            (isConcrete ? null : folder.Json!.Model["unk_token"].TextOrNull()) ?? "[UNK]"
        );
        string[] special = [start, end, unknown, padding, folder.SpecialToken("mask_token", "[MASK]")];
        var added = new AddedTokens(
            AddedVocabulary.Read(folder, vocabulary, folder.SpecialTokens(vocabulary, special)),
            steps.Normalize
        );
        (int[] before, int[] after) = isConcrete
            ? ([IdOf(start)], [IdOf(end)])
            : TextEnds.Read(folder.Json!, folder, IdOf);
        return new WordPieceTokenizer(
            new TokenizerFrame(before, after, IdOf(padding), added, maximumLength),
            vocabulary,
            IdOf(unknown)
        );

        int IdOf(string token) =>
            vocabulary.TryGetValue(token, out int id) || added.Ids.TryGetValue(token, out id)
                ? id
                : throw new TokenizerException(
                    $"{folder.DirectoryPath}: special token '{token}' is not in the vocabulary."
                );
    }

    /// <inheritdoc/>
    protected override void AddIds(string text, List<int> ids)
    {
        foreach (string word in Words(text))
            AddPieces(word, ids);
    }

    private static Dictionary<string, int> ReadLines(TokenizerFolder folder)
    {
        string[] lines = folder.ReadLines("vocab.txt");
        var vocabulary = new Dictionary<string, int>(StringComparer.Ordinal);
        for (int i = 0; i < lines.Length; i++)
        {
            if (i < lines.Length - 1 || lines[i].Length > 0)
                vocabulary[lines[i]] = i;
        }
        return vocabulary;
    }

    private static IEnumerable<string> Words(string text)
    {
        var word = new StringBuilder();
        foreach (Rune rune in text.EnumerateRunes())
        {
            bool isBreak = Rune.IsWhiteSpace(rune);
            bool isPunctuation = !isBreak && IsPunctuation(rune);
            if ((isBreak || isPunctuation) && word.Length > 0)
            {
                yield return word.ToString();
                word.Clear();
            }
            if (isPunctuation)
                yield return rune.ToString();
            else if (!isBreak)
                word.Append(rune.ToString());
        }
        if (word.Length > 0)
            yield return word.ToString();
    }

    private void AddPieces(string word, List<int> ids)
    {
        int before = ids.Count;
        int start = 0;
        bool isCovered = word.EnumerateRunes().Count() <= LongestWord;
        while (isCovered && start < word.Length)
        {
            int end = word.Length;
            int id = -1;
            for (; end > start && id < 0; end--)
            {
                string piece = start > 0 ? Continuation + word[start..end] : word[..end];
                if (vocabulary.TryGetValue(piece, out int found))
                    (id, end) = (found, end + 1);
            }
            isCovered = id >= 0;
            if (isCovered)
                ids.Add(id);
            start = end;
        }
        if (isCovered)
            return;
        ids.RemoveRange(before, ids.Count - before);
        ids.Add(unknownId);
    }

    private static bool IsInvisible(Rune rune) =>
        rune.Value is not ('\t' or '\n' or '\r')
        && (
            rune.Value == 0xFFFD
            || Rune.GetUnicodeCategory(rune)
                is UnicodeCategory.Control
                    or UnicodeCategory.Format
                    or UnicodeCategory.PrivateUse
                    or UnicodeCategory.Surrogate
        );

    private static bool IsPunctuation(Rune rune) =>
        rune.IsAscii
            ? char.IsPunctuation((char)rune.Value) || char.IsSymbol((char)rune.Value)
            : Rune.IsPunctuation(rune);

    private static bool IsIdeograph(int code) =>
        code
            is (>= 0x4E00 and <= 0x9FFF)
                or (>= 0x3400 and <= 0x4DBF)
                or (>= 0x20000 and <= 0x2A6DF)
                or (>= 0x2A700 and <= 0x2B73F)
                or (>= 0x2B740 and <= 0x2B81F)
                or (>= 0x2B920 and <= 0x2CEAF)
                or (>= 0xF900 and <= 0xFAFF)
                or (>= 0x2F800 and <= 0x2FA1F);

    // Normalization of a text before it is split into words.
    private sealed record Steps(bool Cleans, bool SplitsIdeographs, bool StripsAccents, bool LowerCases)
    {
        internal static Steps Of(TokenizerFolder folder)
        {
            bool lowerCases = folder.Config["do_lower_case"].FlagOrNull() ?? true;
            return new Steps(
                true,
                folder.Config["tokenize_chinese_chars"].FlagOrNull() ?? true,
                folder.Config["strip_accents"].FlagOrNull() ?? lowerCases,
                lowerCases
            );
        }

        internal static Steps Of(TokenizerJson json)
        {
            const string Supported = "for word pieces a BertNormalizer and then a BertPreTokenizer are";
            IReadOnlyList<ForeignValue> normalizers = json.Normalizers,
                cuts = json.PreTokenizers;
            if (normalizers.Count != 1 || normalizers[0]["type"].TextOrNull() != "BertNormalizer")
                throw normalizers.Count == 0
                    ? json.Model.Error($"there is no normalizer; {Supported}.")
                    : TokenizerJson.Unsupported(normalizers[0], Supported);
            if (cuts.Count != 1 || cuts[0]["type"].TextOrNull() != "BertPreTokenizer")
                throw cuts.Count == 0
                    ? json.Model.Error($"there is no pre_tokenizer; {Supported}.")
                    : TokenizerJson.Unsupported(cuts[0], Supported);
            ForeignValue step = normalizers[0];
            bool lowerCases = step["lowercase"].FlagOrNull() ?? true;
            return new Steps(
                step["clean_text"].FlagOrNull() ?? true,
                step["handle_chinese_chars"].FlagOrNull() ?? true,
                step["strip_accents"].FlagOrNull() ?? lowerCases,
                lowerCases
            );
        }

        internal string Normalize(string text)
        {
            var cleaned = new StringBuilder(text.Length);
            foreach (Rune rune in text.EnumerateRunes())
            {
                if (Cleans && IsInvisible(rune))
                    continue;
                if (Cleans && Rune.IsWhiteSpace(rune))
                    cleaned.Append(' ');
                else if (SplitsIdeographs && IsIdeograph(rune.Value))
                    cleaned.Append(' ').Append(rune.ToString()).Append(' ');
                else
                    cleaned.Append(rune.ToString());
            }
            string result = cleaned.ToString();
            if (StripsAccents)
            {
                string decomposed = UnicodeNormalization.Decompose(result);
                cleaned.Clear();
                foreach (Rune rune in decomposed.EnumerateRunes())
                {
                    if (Rune.GetUnicodeCategory(rune) != UnicodeCategory.NonSpacingMark)
                        cleaned.Append(rune.ToString());
                }
                result = cleaned.ToString();
            }
            return LowerCases
                ? result.Replace("\u0130", "i\u0307", StringComparison.Ordinal).ToLowerInvariant()
                : result;
        }
    }
}
