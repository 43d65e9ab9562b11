using System.Globalization;

namespace Qua2SeDiMo.Plans;

/// <summary>The largest size of a plan, in average bits or in bytes of the quantizable weights; no limit if both are
/// null.</summary>
/// <param name="AverageBits">Limit in average bits; null if it is given in bytes.</param>
/// <param name="Bytes">Limit in bytes; null if it is given in average bits.</param>
public sealed record BitBudget(double? AverageBits, long? Bytes)
{
    private static readonly (string Suffix, double Factor)[] Units =
    [
        ("kib", 1 << 10),
        ("mib", 1 << 20),
        ("gib", 1 << 30),
        ("kb", 1e3),
        ("mb", 1e6),
        ("gb", 1e9),
        ("b", 1),
    ];

    /// <summary>
    /// No limit: the best option of every weight or unit (method.md, section 7). Useful if the objective includes a
    /// size term; otherwise the result is mostly the largest allocation.
    /// </summary>
    public static BitBudget Best { get; } = new(null, null);

    /// <summary>Name for keys and files, for instance <c>3.75</c>, <c>1900000B</c> or <c>best</c>.</summary>
    public string Name =>
        AverageBits is { } bits ? bits.ToString("0.##############", CultureInfo.InvariantCulture)
        : Bytes is null ? "best"
        : $"{Bytes}B";

    /// <summary>Display name.</summary>
    public string Label =>
        AverageBits is not null ? $"{Name} bits"
        : Bytes is null ? "any size"
        : Name;

    /// <summary>The limit in bytes.</summary>
    /// <param name="originalBytes">Bytes of the quantizable weights before quantization.</param>
    /// <param name="originalBits">P: bits of one original weight.</param>
    public long ToBytes(long originalBytes, int originalBits) =>
        Bytes ?? (AverageBits is { } bits ? (long)Math.Floor(bits / originalBits * originalBytes) : long.MaxValue);

    /// <summary>Parses <c>3.75</c> (average bits), <c>1900000B</c>, <c>1.9MB</c>, <c>1.8MiB</c> or
    /// <c>best</c>.</summary>
    /// <exception cref="FormatException">The text has none of these forms.</exception>
    public static BitBudget Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        string lower = text.Trim().ToLowerInvariant();
        if (lower == Best.Name)
            return Best;
        foreach ((string suffix, double factor) in Units)
        {
            if (!lower.EndsWith(suffix, StringComparison.Ordinal))
                continue;
            if (!TryNumber(lower[..^suffix.Length], out double amount) || amount * factor > long.MaxValue / 2)
                break;
            return new BitBudget(null, (long)(amount * factor));
        }
        if (TryNumber(lower, out double bits) && bits <= 64)
            return new BitBudget(bits, null);
        throw new FormatException(
            $"'{text}' is not a size; give average bits up to 64 (3.75) or bytes (1900000B, 1.9MB, 1.8MiB), or 'best' for no limit"
                + (text.Contains(',', StringComparison.Ordinal) ? "; decimals take a point, thousands no sign." : ".")
        );
    }

    private static bool TryNumber(string text, out double value) =>
        double.TryParse(text.Trim(), NumberStyles.Float, CultureInfo.InvariantCulture, out value)
        && double.IsFinite(value)
        && value > 0;
}
