namespace Qua2SeDiMo.Diffusion.Tokenizers;

/// <summary>A token that is matched in a text before it is split into words, such as &lt;/s&gt; or the name of a
/// learned concept.</summary>
/// <param name="Content">Text of the token.</param>
/// <param name="Id">Token id.</param>
internal sealed record AddedToken(string Content, int Id)
{
    /// <summary>Whether it matches only when no word character is adjacent.</summary>
    public bool IsSingleWord { get; init; }

    /// <summary>Whether a match includes the whitespace before it.</summary>
    public bool TakesBlanksBefore { get; init; }

    /// <summary>Whether a match includes the whitespace after it.</summary>
    public bool TakesBlanksAfter { get; init; }

    /// <summary>
    /// Whether its normalized form is matched in the normalized text (lower case, if the tokenizer lower-cases); else
    /// its content is matched in the original text.
    /// </summary>
    public bool IsNormalized { get; init; }
}
