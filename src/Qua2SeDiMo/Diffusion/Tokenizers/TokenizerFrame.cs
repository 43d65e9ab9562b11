namespace Qua2SeDiMo.Diffusion.Tokenizers;

/// <summary>What all kinds of tokenizers have around their words.</summary>
/// <param name="Start">Ids before a text.</param>
/// <param name="End">Ids after a text; they stay when a text is cut.</param>
/// <param name="PaddingId">Token that fills up short texts.</param>
/// <param name="Added">Tokens that are found before words are.</param>
/// <param name="MaximumLength">Length to pad and truncate to.</param>
internal sealed record TokenizerFrame(
    IReadOnlyList<int> Start,
    IReadOnlyList<int> End,
    int PaddingId,
    AddedTokens Added,
    int MaximumLength
);
