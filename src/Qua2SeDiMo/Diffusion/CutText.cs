using System.Globalization;

namespace Qua2SeDiMo.Diffusion;

/// <summary>A prompt whose end a text encoder does not get, because it has more tokens than the encoder
/// takes.</summary>
/// <param name="Prompt">The whole text.</param>
/// <param name="IsNegative">Whether guidance steers away from it.</param>
/// <param name="Encoder">Component that gets it cut, for instance <c>text_encoder</c>.</param>
/// <param name="MaximumTokens">Tokens that the encoder takes, start and end included.</param>
/// <param name="Lost">The words that it does not get, or gets the beginning of alone.</param>
public sealed record CutText(string Prompt, bool IsNegative, string Encoder, int MaximumTokens, string Lost)
{
    // Text without blanks, as Chinese is written, is named from the character on where it is cut.
    private const int LongestWord = 32;

    /// <summary>The words of a text that do not fit.</summary>
    /// <param name="text">The text.</param>
    /// <param name="countTokens">Counts the tokens of a beginning of it.</param>
    /// <param name="most">Tokens that fit.</param>
    /// <returns>Empty when all of it fits.</returns>
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

    // Where words start; the first is a beginning without any.
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
