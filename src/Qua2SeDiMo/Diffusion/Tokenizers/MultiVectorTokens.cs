namespace Qua2SeDiMo.Diffusion.Tokenizers;

/// <summary>
/// Concepts learned as several vectors: &lt;toy&gt;, &lt;toy&gt;_1, &lt;toy&gt;_2 are tokens of their own, and a prompt
/// names the first. Source: TextualInversionLoaderMixin of diffusers, whose pipelines of Stable Diffusion 1, 2 and XL
/// and of FLUX.1 do this.
/// </summary>
internal static class MultiVectorTokens
{
    /// <summary>The text with every concept's further tokens written behind its first.</summary>
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
