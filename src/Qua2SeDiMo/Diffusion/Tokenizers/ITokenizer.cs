namespace Qua2SeDiMo.Diffusion.Tokenizers;

/// <summary>A tokenized text, as input of a text encoder.</summary>
/// <param name="Ids">Token ids, truncated and padded to the tokenizer's length.</param>
/// <param name="AttentionMask">1 for tokens of the text, 0 for padding; padding is on the right.</param>
internal sealed record TokenizedText(IReadOnlyList<int> Ids, IReadOnlyList<int> AttentionMask);

/// <summary>Turns text into token ids.</summary>
internal interface ITokenizer
{
    /// <summary>Number of tokens to which <see cref="Encode"/> pads and truncates.</summary>
    int MaximumLength { get; }

    /// <summary>Id of the padding token.</summary>
    int PaddingId { get; }

    /// <summary>Ids of the added tokens, which are matched before a text is split into words, by content.</summary>
    IReadOnlyDictionary<string, int> AddedTokens { get; }

    /// <summary>All ids of a text, including start and end tokens, neither truncated nor padded.</summary>
    IReadOnlyList<int> EncodeIds(string text);

    /// <summary>Exactly <see cref="MaximumLength"/> ids: long texts are truncated before the end token.</summary>
    TokenizedText Encode(string text);

    /// <summary>The added tokens in a text, in order of appearance.</summary>
    IEnumerable<string> AddedTokensIn(string text);

    /// <summary>Text of the token with an id; empty when there is none.</summary>
    string TokenOf(int id);
}
