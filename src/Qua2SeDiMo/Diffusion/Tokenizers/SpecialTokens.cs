namespace Qua2SeDiMo.Diffusion.Tokenizers;

/// <summary>Tokens such as &lt;/s&gt; that are found in a text before anything else looks at it, exactly as written.</summary>
internal sealed class SpecialTokens(IEnumerable<KeyValuePair<string, int>> tokens)
{
    private readonly KeyValuePair<string, int>[] tokens = [.. tokens.Where(token => token.Key.Length > 0).OrderByDescending(token => token.Key.Length)];

    /// <summary>Splits a text; each part is either plain text (id −1) or a special token. The leftmost token wins, at one place the longest.</summary>
    public IEnumerable<(string Text, int Id)> Split(string text)
    {
        int start = 0;
        for (int i = 0; i < text.Length; i++)
        {
            KeyValuePair<string, int> found = Array.Find(tokens, token => string.CompareOrdinal(text, i, token.Key, 0, token.Key.Length) == 0);
            if (found.Key is null) continue;
            if (i > start) yield return (text[start..i], -1);
            yield return (found.Key, found.Value);
            i += found.Key.Length - 1;
            start = i + 1;
        }
        if (start < text.Length) yield return (text[start..], -1);
    }
}
