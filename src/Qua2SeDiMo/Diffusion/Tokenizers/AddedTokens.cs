using System.Globalization;
using System.Text;

namespace Qua2SeDiMo.Diffusion.Tokenizers;

/// <summary>A part of a text.</summary>
/// <param name="Text">Normalized text between tokens, or the content of the token.</param>
/// <param name="Id">The token's id; −1 for text between tokens.</param>
internal readonly record struct TextPart(string Text, int Id);

/// <summary>
/// Finds added tokens in a text, in the two passes of the library <c>tokenizers</c>: tokens that are not normalized are
/// matched in the original text; the text between them is normalized, and the other tokens are matched there. The
/// leftmost match is taken; of several at one position, the longest.
/// </summary>
internal sealed class AddedTokens
{
    private readonly Func<string, string> normalize;
    private readonly Finder written;
    private readonly Finder normalized;

    /// <param name="tokens">All added tokens, with distinct contents.</param>
    /// <param name="normalize">Normalization of a text before it is split into words.</param>
    public AddedTokens(IReadOnlyCollection<AddedToken> tokens, Func<string, string> normalize)
    {
        this.normalize = normalize;
        Ids = tokens.ToDictionary(token => token.Content, token => token.Id, StringComparer.Ordinal);
        written = new Finder(tokens.Where(token => !token.IsNormalized).Select(token => (token.Content, token)));
        normalized = new Finder(
            tokens.Where(token => token.IsNormalized).Select(token => (normalize(token.Content), token))
        );
    }

    /// <summary>Id of every token by its content.</summary>
    public IReadOnlyDictionary<string, int> Ids { get; }

    /// <summary>Splits a text into tokens and the normalized text between them.</summary>
    public IEnumerable<TextPart> Split(string text) =>
        written.Split(text).SelectMany(part => part.Id >= 0 ? [part] : normalized.Split(normalize(part.Text)));

    private sealed class Finder
    {
        private readonly Dictionary<char, (string Pattern, AddedToken Token)[]> patterns;

        internal Finder(IEnumerable<(string Pattern, AddedToken Token)> tokens) =>
            patterns = tokens
                .Where(token => token.Pattern.Length > 0)
                .GroupBy(token => token.Pattern[0])
                .ToDictionary(
                    group => group.Key,
                    group => group.OrderByDescending(token => token.Pattern.Length).ToArray()
                );

        internal IEnumerable<TextPart> Split(string text)
        {
            int start = 0;
            for (int at = 0; at < text.Length; )
            {
                if (Find(text, at) is not { } found)
                {
                    at++;
                    continue;
                }
                int from = at,
                    end = at + found.Pattern.Length;
                at = end;
                if (found.Token.IsSingleWord && (EndsInWord(text.AsSpan(0, from)) || StartsWithWord(text.AsSpan(end))))
                    continue;
                while (found.Token.TakesBlanksBefore && from > start && char.IsWhiteSpace(text[from - 1]))
                    from--;
                while (found.Token.TakesBlanksAfter && end < text.Length && char.IsWhiteSpace(text[end]))
                    end++;
                if (from > start)
                    yield return new TextPart(text[start..from], -1);
                yield return new TextPart(found.Token.Content, found.Token.Id);
                start = end;
            }
            if (start < text.Length)
                yield return new TextPart(text[start..], -1);
        }

        private (string Pattern, AddedToken Token)? Find(string text, int at)
        {
            if (!patterns.TryGetValue(text[at], out (string Pattern, AddedToken Token)[]? candidates))
                return null;
            foreach ((string Pattern, AddedToken Token) candidate in candidates)
            {
                if (string.CompareOrdinal(text, at, candidate.Pattern, 0, candidate.Pattern.Length) == 0)
                    return candidate;
            }
            return null;
        }

        private static bool EndsInWord(ReadOnlySpan<char> text) =>
            Rune.DecodeLastFromUtf16(text, out Rune last, out _) == System.Buffers.OperationStatus.Done
            && IsOfWord(last);

        private static bool StartsWithWord(ReadOnlySpan<char> text) =>
            Rune.DecodeFromUtf16(text, out Rune first, out _) == System.Buffers.OperationStatus.Done && IsOfWord(first);

        // The characters of \w in regular expressions: letters, marks, digits, connectors and zero-width joiners.
        private static bool IsOfWord(Rune rune) =>
            Rune.IsLetter(rune)
            || rune.Value is 0x200C or 0x200D
            || Rune.GetUnicodeCategory(rune)
                is UnicodeCategory.NonSpacingMark
                    or UnicodeCategory.SpacingCombiningMark
                    or UnicodeCategory.EnclosingMark
                    or UnicodeCategory.DecimalDigitNumber
                    or UnicodeCategory.LetterNumber
                    or UnicodeCategory.ConnectorPunctuation;
    }
}
