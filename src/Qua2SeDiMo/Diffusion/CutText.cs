using System.Globalization;

namespace Qua2SeDiMo.Diffusion;

/// <summary>A prompt whose end is cut off because it has more tokens than a text encoder takes.</summary>
/// <param name="Prompt">The complete text.</param>
/// <param name="IsNegative">Whether it is a negative prompt.</param>
/// <param name="Encoder">Component whose limit cuts it, for instance <c>text_encoder</c>.</param>
/// <param name="MaximumTokens">Largest number of tokens of the encoder, including start and end tokens.</param>
/// <param name="Lost">The words that are cut off, including a word that is cut in the middle.</param>
public sealed record CutText(string Prompt, bool IsNegative, string Encoder, int MaximumTokens, string Lost)
{
    // A longer run without blanks, as in Chinese text, may be cut at any character.
    private const int LongestWord = 32;

    /// <summary>The words of a text that exceed a number of tokens.</summary>
    /// <param name="text">The text.</param>
    /// <param name="countTokens">Counts the tokens of a prefix of the text.</param>
    /// <param name="most">Largest number of tokens.</param>
    /// <returns>The end of the text from the first word that does not fit; empty when the whole text fits.</returns>
    internal static string LostWords(string text, Func<string, int> countTokens, int most)
    {
        if (countTokens(text) <= most)
            return "";
        List<int> starts = [.. Starts(text)];
        int fits = 0,
            cut = starts.Count;
        while (cut - fits > 1)
        {
            int middle = (fits + cut) / 2;
            if (countTokens(text[..starts[middle]]) <= most)
                fits = middle;
            else
                cut = middle;
        }
        return text[starts[fits]..].Trim();
    }

    // Indices at which the text may be cut: 0 and the starts of words, except one at 0.
    private static IEnumerable<int> Starts(string text)
    {
        yield return 0;
        for (int start = 0, end; start < text.Length; start = end)
        {
            end = start + 1;
            if (char.IsWhiteSpace(text[start]))
                continue;
            while (end < text.Length && !char.IsWhiteSpace(text[end]))
                end++;
            if (start > 0)
                yield return start;
            if (end - start <= LongestWord)
                continue;
            foreach (int inside in StringInfo.ParseCombiningCharacters(text[start..end]).Skip(1))
                yield return start + inside;
        }
    }
}
