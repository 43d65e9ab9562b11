namespace Qua2SeDiMo.Diffusion.Tokenizers;

/// <summary>A text as a text encoder takes it.</summary>
/// <param name="Ids">Token ids, truncated and padded to the tokenizer's length.</param>
/// <param name="AttentionMask">1 for tokens of the text, 0 for padding; padding is on the right.</param>
internal sealed record TokenizedText(IReadOnlyList<int> Ids, IReadOnlyList<int> AttentionMask);

/// <summary>Turns text into token ids.</summary>
internal interface ITokenizer
{
    /// <summary>Length that <see cref="Encode"/> pads and truncates to.</summary>
    int MaximumLength { get; }

    /// <summary>Token that fills up short texts.</summary>
    int PaddingId { get; }

    /// <summary>Ids of the tokens that are found in a text before it is cut into words, by how they are
    /// written.</summary>
    IReadOnlyDictionary<string, int> AddedTokens { get; }

    /// <summary>All ids of a text with its start and end tokens; neither truncated nor padded.</summary>
    IReadOnlyList<int> EncodeIds(string text);

    /// <summary>Ids of exactly <see cref="MaximumLength"/>: long texts lose their end but keep the end token.</summary>
    TokenizedText Encode(string text);

    /// <summary>The added tokens of a text, in its order.</summary>
    IEnumerable<string> AddedTokensIn(string text);

    /// <summary>How the token of an id is written; empty for an id that no token has.</summary>
    string TokenOf(int id);
}
