using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;

namespace Qua2SeDiMo.Reports.Charts;

/// <summary>
/// Text that is valid HTML or XML. In an interpolated string every string hole is escaped, so that a model or prompt
/// called <c>&lt;script&gt;</c> stays text; only holes of type <see cref="Markup"/> are inserted unchanged.
/// </summary>
internal readonly record struct Markup(string Text)
{
    public static Markup Empty { get; } = new("");

    /// <summary>Markup from an interpolated string: <c>Markup.Of($"&lt;p&gt;{anyText}&lt;/p&gt;")</c>.</summary>
    public static Markup Of(ref MarkupHandler markup) => new(markup.ToString());

    public static Markup Join(IEnumerable<Markup> parts, string separator = "") =>
        new(string.Join(separator, parts.Select(part => part.Text)));

    /// <summary>Escapes the five reserved characters, and replaces characters that XML does not allow by
    /// U+FFFD.</summary>
    public static string Escape(string? text)
    {
        if (string.IsNullOrEmpty(text))
            return "";
        var escaped = new StringBuilder(text.Length + 16);
        for (int i = 0; i < text.Length; i++)
        {
            char character = text[i];
            if (char.IsHighSurrogate(character) && i + 1 < text.Length && char.IsLowSurrogate(text[i + 1]))
            {
                escaped.Append(character).Append(text[++i]);
                continue;
            }
            _ = character switch
            {
                '&' => escaped.Append("&amp;"),
                '<' => escaped.Append("&lt;"),
                '>' => escaped.Append("&gt;"),
                '"' => escaped.Append("&quot;"),
                '\'' => escaped.Append("&#39;"),
                '\t' or '\n' or '\r' => escaped.Append(character),
                < ' ' or '\uFFFE' or '\uFFFF' => escaped.Append('\uFFFD'),
                _ when char.IsSurrogate(character) => escaped.Append('\uFFFD'),
                _ => escaped.Append(character),
            };
        }
        return escaped.ToString();
    }

    public override string ToString() => Text;
}

/// <summary>Builds markup from an interpolated string, escaping its string holes; numbers use the invariant culture and
/// up to two decimals.</summary>
[InterpolatedStringHandler]
internal readonly ref struct MarkupHandler
{
    private readonly StringBuilder text;

    public MarkupHandler(int literalLength, int holeCount) =>
        text = new StringBuilder(literalLength + (holeCount * 12));

    public void AppendLiteral(string literal) => text.Append(literal);

    public void AppendFormatted(Markup markup) => text.Append(markup.Text);

    public void AppendFormatted(string? hole) => text.Append(Markup.Escape(hole));

    public void AppendFormatted(int hole) => text.Append(hole.ToString(CultureInfo.InvariantCulture));

    public void AppendFormatted(double hole) => AppendFormatted(hole, "0.##");

    public void AppendFormatted(double hole, string format)
    {
        string number = hole.ToString(format, CultureInfo.InvariantCulture);
        text.Append(number == "-0" ? "0" : number);
    }

    public override string ToString() => text.ToString();
}
