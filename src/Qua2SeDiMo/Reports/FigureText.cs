using System.Globalization;

namespace Qua2SeDiMo.Reports;

/// <summary>Formats numbers for all texts of a report, so that the same number always reads the same.</summary>
internal static class FigureText
{
    /// <summary>Text for a number that does not exist.</summary>
    public const string None = "–";

    /// <summary>Formats with fixed decimals and a typographic minus sign; a dash for null or a value that is not
    /// finite.</summary>
    public static string Fixed(double? value, int decimals)
    {
        if (value is not { } number || !double.IsFinite(number))
            return None;
        string text = number.ToString("F" + decimals, CultureInfo.InvariantCulture);
        if (text.StartsWith('-'))
            text = text.AsSpan().ContainsAnyInRange('1', '9') ? "−" + text[1..] : text[1..];
        return text;
    }

    /// <summary>Formats bytes in decimal units with three significant digits, for instance 1.94 MB.</summary>
    public static string Bytes(long bytes) =>
        bytes switch
        {
            < 1_000 => $"{bytes} B",
            < 1_000_000 => $"{Significant(bytes / 1e3)} kB",
            < 1_000_000_000 => $"{Significant(bytes / 1e6)} MB",
            _ => $"{Significant(bytes / 1e9)} GB",
        };

    /// <summary>Formats a count with thin spaces between thousands.</summary>
    public static string Count(long count) =>
        count.ToString("#,0", CultureInfo.InvariantCulture).Replace(',', '\u2009');

    /// <summary>Formats a count with three significant digits, for instance 3.91 M.</summary>
    public static string ShortCount(long count) =>
        count switch
        {
            < 10_000 => Count(count),
            < 1_000_000 => $"{Significant(count / 1e3)} k",
            < 1_000_000_000 => $"{Significant(count / 1e6)} M",
            _ => $"{Significant(count / 1e9)} G",
        };

    /// <summary>Formats a share, 0 … 1, as a percentage, for instance 23.4 %.</summary>
    public static string Percent(double share, int decimals = 1) => Fixed(100 * share, decimals) + "\u00A0%";

    /// <summary>Formats a duration in its one or two largest units, for instance 4 min 12 s.</summary>
    public static string Duration(TimeSpan time) =>
        time switch
        {
            { TotalSeconds: < 1 } => $"{Fixed(time.TotalMilliseconds, 0)} ms",
            { TotalSeconds: < 60 } => $"{Fixed(time.TotalSeconds, 1)} s",
            { TotalMinutes: < 60 } => $"{(int)time.TotalMinutes} min {time.Seconds:00} s",
            _ => $"{(int)time.TotalHours} h {time.Minutes:00} min",
        };

    /// <summary>Converts text to a lower-case word of letters, digits and hyphens, for file names and
    /// identifiers.</summary>
    public static string Slug(string text)
    {
        char[] characters = [.. text.ToLowerInvariant().Select(c => char.IsAsciiLetterOrDigit(c) ? c : '-')];
        string slug = new string(characters).Trim('-');
        while (slug.Contains("--", StringComparison.Ordinal))
            slug = slug.Replace("--", "-", StringComparison.Ordinal);
        return slug.Length == 0 ? "x" : slug;
    }

    /// <summary>Joins words: "a", "a and b", "a, b and c".</summary>
    public static string List(IReadOnlyList<string> words) =>
        words.Count switch
        {
            0 => "none",
            1 => words[0],
            _ => string.Join(", ", words.Take(words.Count - 1)) + " and " + words[^1],
        };

    private static string Significant(double value) =>
        Fixed(
            value,
            value < 10 ? 2
                : value < 100 ? 1
                : 0
        );
}
