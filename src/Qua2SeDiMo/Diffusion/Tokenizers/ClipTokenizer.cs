using System.Text.RegularExpressions;
using Microsoft.ML.Tokenizers;

namespace Qua2SeDiMo.Diffusion.Tokenizers;

/// <summary>
/// CLIP's byte-level byte-pair encoding (Radford et al., ICML 2021): composed Unicode, one space for any whitespace, lower case, words and
/// symbols apart, merges within them. The merging is Microsoft.ML.Tokenizers'; the text before it is prepared here, because special tokens are
/// recognised before the text is lower-cased and normalization must not depend on ICU.
/// </summary>
internal sealed partial class ClipTokenizer : ITokenizer
{
    private readonly BpeTokenizer merges;
    private readonly SpecialTokens specialTokens;
    private readonly int startId;
    private readonly int endId;

    private ClipTokenizer(BpeTokenizer merges, SpecialTokens specialTokens, int startId, int endId, int paddingId, int maximumLength)
    {
        (this.merges, this.specialTokens, this.startId, this.endId) = (merges, specialTokens, startId, endId);
        (PaddingId, MaximumLength) = (paddingId, maximumLength);
    }

    /// <inheritdoc/>
    public int MaximumLength { get; }

    /// <inheritdoc/>
    public int PaddingId { get; }

    /// <summary>Reads tokenizer.json, or vocab.json and merges.txt.</summary>
    public static ClipTokenizer Open(TokenizerFolder folder, int maximumLength)
    {
        (Dictionary<string, int> vocabulary, string[] merges) = folder.ReadBytePairs();
        string start = folder.SpecialToken("bos_token", "<|startoftext|>");
        string end = folder.SpecialToken("eos_token", "<|endoftext|>");
        string padding = folder.SpecialToken("pad_token", end);
        string unknown = folder.SpecialToken("unk_token", end);
        Dictionary<string, int> special = new[] { start, end, padding, unknown }.Distinct().ToDictionary(token => token, token => IdOf(token, vocabulary, folder));
        try
        {
            var options = new BpeOptions(vocabulary)
            {
                Merges = merges,
                ByteLevel = true,
                EndOfWordSuffix = "</w>",
                UnknownToken = unknown,
                PreTokenizer = new RegexPreTokenizer(Words(), null),
            };
            return new ClipTokenizer(BpeTokenizer.Create(options), new SpecialTokens(special), special[start], special[end], special[padding], maximumLength);
        }
        catch (Exception error) when (error is ArgumentException or InvalidOperationException or KeyNotFoundException or FormatException or IndexOutOfRangeException)
        {
            throw new TokenizerException($"{folder.DirectoryPath}: vocabulary and merges do not fit together: {error.Message}", error);
        }
    }

    /// <inheritdoc/>
    public IReadOnlyList<int> EncodeIds(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var ids = new List<int> { startId };
        foreach ((string part, int id) in specialTokens.Split(text))
        {
            if (id >= 0) ids.Add(id);
            else ids.AddRange(merges.EncodeToIds(LowerCase(Whitespace().Replace(UnicodeNormalization.Compose(part), " "))));
        }
        ids.Add(endId);
        return ids;
    }

    /// <inheritdoc/>
    public TokenizedText Encode(string text) => Padding.Fit(EncodeIds(text), MaximumLength, PaddingId);

    // The one letter whose lower case is two code points; the runtime maps single ones only.
    private static string LowerCase(string text) => text.Replace("\u0130", "i\u0307", StringComparison.Ordinal).ToLowerInvariant();

    private static int IdOf(string token, Dictionary<string, int> vocabulary, TokenizerFolder folder) =>
        vocabulary.TryGetValue(token, out int id) ? id : throw new TokenizerException($"{folder.DirectoryPath}: special token '{token}' is not in vocab.json.");

    [GeneratedRegex(@"\s+")]
    private static partial Regex Whitespace();

    [GeneratedRegex(@"'s|'t|'re|'ve|'m|'ll|'d|\p{L}+|\p{N}|[^\s\p{L}\p{N}]+")]
    private static partial Regex Words();
}
