using System.Globalization;
using System.Text;

namespace Qua2SeDiMo.Diffusion.Tokenizers;

/// <summary>
/// BERT's tokenizer (Devlin et al., NAACL 2019): cleaned, optionally lower-cased and stripped of accents, split at whitespace, punctuation and
/// CJK ideographs; each word is then covered by the longest pieces of the vocabulary from the left. Written here because the one of
/// Microsoft.ML.Tokenizers drops symbols that should become the unknown token, keeps invisible characters that should vanish, and needs ICU for accents.
/// </summary>
internal sealed class WordPieceTokenizer : ITokenizer
{
    private const int LongestWord = 100;
    private const string Continuation = "##";

    private readonly Dictionary<string, int> vocabulary;
    private readonly SpecialTokens specialTokens;
    private readonly int startId;
    private readonly int endId;
    private readonly int unknownId;
    private readonly bool lowerCases;
    private readonly bool stripsAccents;
    private readonly bool splitsIdeographs;

    private WordPieceTokenizer(TokenizerFolder folder, Dictionary<string, int> vocabulary, int maximumLength)
    {
        this.vocabulary = vocabulary;
        MaximumLength = maximumLength;
        string[] names = [folder.SpecialToken("cls_token", "[CLS]"), folder.SpecialToken("sep_token", "[SEP]"), folder.SpecialToken("unk_token", "[UNK]"), folder.SpecialToken("pad_token", "[PAD]")];
        int[] ids = [.. names.Select(name => vocabulary.TryGetValue(name, out int id) ? id : throw new TokenizerException($"{folder.DirectoryPath}: special token '{name}' is not in vocab.txt."))];
        (startId, endId, unknownId, PaddingId) = (ids[0], ids[1], ids[2], ids[3]);
        string mask = folder.SpecialToken("mask_token", "[MASK]");
        specialTokens = new SpecialTokens(names.Append(mask).Where(vocabulary.ContainsKey).Distinct().Select(name => KeyValuePair.Create(name, vocabulary[name])));
        lowerCases = folder.Flag("do_lower_case") ?? true;
        stripsAccents = folder.Flag("strip_accents") ?? lowerCases;
        splitsIdeographs = folder.Flag("tokenize_chinese_chars") ?? true;
    }

    /// <inheritdoc/>
    public int MaximumLength { get; }

    /// <inheritdoc/>
    public int PaddingId { get; }

    /// <summary>Reads vocab.txt: one token a line, its id the line number.</summary>
    public static WordPieceTokenizer Open(TokenizerFolder folder, int maximumLength)
    {
        string[] lines = folder.ReadLines("vocab.txt");
        var vocabulary = new Dictionary<string, int>(StringComparer.Ordinal);
        for (int i = 0; i < lines.Length; i++)
        {
            if (i < lines.Length - 1 || lines[i].Length > 0) vocabulary[lines[i]] = i;
        }
        return new WordPieceTokenizer(folder, vocabulary, maximumLength);
    }

    /// <inheritdoc/>
    public IReadOnlyList<int> EncodeIds(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var ids = new List<int> { startId };
        foreach ((string part, int id) in specialTokens.Split(text))
        {
            if (id >= 0)
            {
                ids.Add(id);
                continue;
            }
            foreach (string word in Words(Normalize(part))) AddPieces(word, ids);
        }
        ids.Add(endId);
        return ids;
    }

    /// <inheritdoc/>
    public TokenizedText Encode(string text) => Padding.Fit(EncodeIds(text), MaximumLength, PaddingId);

    private string Normalize(string text)
    {
        var cleaned = new StringBuilder(text.Length);
        foreach (Rune rune in text.EnumerateRunes())
        {
            if (IsInvisible(rune)) continue;
            if (Rune.IsWhiteSpace(rune)) cleaned.Append(' ');
            else if (splitsIdeographs && IsIdeograph(rune.Value)) cleaned.Append(' ').Append(rune.ToString()).Append(' ');
            else cleaned.Append(rune.ToString());
        }
        string result = cleaned.ToString();
        if (stripsAccents)
        {
            string decomposed = UnicodeNormalization.Decompose(result);
            cleaned.Clear();
            foreach (Rune rune in decomposed.EnumerateRunes())
            {
                if (Rune.GetUnicodeCategory(rune) != UnicodeCategory.NonSpacingMark) cleaned.Append(rune.ToString());
            }
            result = cleaned.ToString();
        }
        return lowerCases ? result.Replace("\u0130", "i\u0307", StringComparison.Ordinal).ToLowerInvariant() : result;
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
            if (isPunctuation) yield return rune.ToString();
            else if (!isBreak) word.Append(rune.ToString());
        }
        if (word.Length > 0) yield return word.ToString();
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
                if (vocabulary.TryGetValue(piece, out int found)) (id, end) = (found, end + 1);
            }
            isCovered = id >= 0;
            if (isCovered) ids.Add(id);
            start = end;
        }
        if (isCovered) return;
        ids.RemoveRange(before, ids.Count - before);
        ids.Add(unknownId);
    }

    private static bool IsInvisible(Rune rune) => rune.Value is not ('\t' or '\n' or '\r') && (rune.Value == 0xFFFD || Rune.GetUnicodeCategory(rune)
        is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.PrivateUse or UnicodeCategory.Surrogate);

    private static bool IsPunctuation(Rune rune) => rune.IsAscii ? char.IsPunctuation((char)rune.Value) || char.IsSymbol((char)rune.Value) : Rune.IsPunctuation(rune);

    private static bool IsIdeograph(int code) => code is (>= 0x4E00 and <= 0x9FFF) or (>= 0x3400 and <= 0x4DBF) or (>= 0x20000 and <= 0x2A6DF)
        or (>= 0x2A700 and <= 0x2B73F) or (>= 0x2B740 and <= 0x2B81F) or (>= 0x2B920 and <= 0x2CEAF) or (>= 0xF900 and <= 0xFAFF) or (>= 0x2F800 and <= 0x2FA1F);
}
