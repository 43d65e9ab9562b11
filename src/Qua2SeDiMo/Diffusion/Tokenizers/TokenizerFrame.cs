namespace Qua2SeDiMo.Diffusion.Tokenizers;

/// <summary>The settings that all tokenizers share.</summary>
/// <param name="Start">Ids before a text.</param>
/// <param name="End">Ids after a text; kept when a text is truncated.</param>
/// <param name="PaddingId">Id of the padding token.</param>
/// <param name="Added">Tokens that are matched before a text is split into words.</param>
/// <param name="MaximumLength">Length to pad and truncate to.</param>
internal sealed record TokenizerFrame(
    IReadOnlyList<int> Start,
    IReadOnlyList<int> End,
    int PaddingId,
    AddedTokens Added,
    int MaximumLength
);
