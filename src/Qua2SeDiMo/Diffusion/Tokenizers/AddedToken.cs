namespace Qua2SeDiMo.Diffusion.Tokenizers;

/// <summary>A token that is found in a text before the text is cut into words, such as &lt;/s&gt; or the name of a
/// learned concept.</summary>
/// <param name="Content">How it is written.</param>
/// <param name="Id">Its id.</param>
internal sealed record AddedToken(string Content, int Id)
{
    /// <summary>Whether it counts only where no letter or digit touches it.</summary>
    public bool IsSingleWord { get; init; }

    /// <summary>Whether blanks before it belong to it.</summary>
    public bool TakesBlanksBefore { get; init; }

    /// <summary>Whether blanks after it belong to it.</summary>
    public bool TakesBlanksAfter { get; init; }

    /// <summary>
    /// Whether it is looked for, in its normalized form, in the normalized text (in lower case where the tokenizer
    /// lower-cases); else in the text as it was written.
    /// </summary>
    public bool IsNormalized { get; init; }
}
