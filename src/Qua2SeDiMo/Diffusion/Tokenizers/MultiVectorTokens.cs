namespace Qua2SeDiMo.Diffusion.Tokenizers;

/// <summary>
/// Expands learned concepts (textual inversion) of several vectors: &lt;toy&gt;, &lt;toy&gt;_1, &lt;toy&gt;_2 are
/// separate tokens, and a prompt contains only the first. Source: TextualInversionLoaderMixin of diffusers, used by its
/// pipelines of Stable Diffusion 1, 2 and XL and of FLUX.1.
/// </summary>
internal static class MultiVectorTokens
{
    /// <summary>The text with the further tokens of every concept inserted after its first.</summary>
    internal static string Expand(string text, ITokenizer tokenizer)
    {
        foreach (string token in tokenizer.AddedTokensIn(text).Distinct().ToArray())
        {
            string[] further =
            [
                .. Enumerable
                    .Range(1, int.MaxValue)
                    .Select(i => $"{token}_{i}")
                    .TakeWhile(tokenizer.AddedTokens.ContainsKey),
            ];
            if (further.Length > 0)
                text = text.Replace(token, string.Join(' ', [token, .. further]), StringComparison.Ordinal);
        }
        return text;
    }
}
