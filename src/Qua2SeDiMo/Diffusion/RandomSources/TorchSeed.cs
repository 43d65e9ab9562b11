using System.Globalization;

namespace Qua2SeDiMo.Diffusion.RandomSources;

/// <summary>Parses seeds in the range of <c>torch.manual_seed</c>: −2^63 to 2^64 − 1, where −n means 2^64 −
/// n.</summary>
internal static class TorchSeed
{
    /// <summary>Parses a seed: digits with an optional leading sign, in the invariant culture.</summary>
    /// <returns>False when the text is not a whole number in that range.</returns>
    public static bool TryParse(string text, out ulong seed)
    {
        if (ulong.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out seed))
            return true;
        bool isNegative = long.TryParse(
            text,
            NumberStyles.AllowLeadingSign,
            CultureInfo.InvariantCulture,
            out long signed
        );
        seed = unchecked((ulong)signed);
        return isNegative;
    }

    /// <summary>Parses a seed.</summary>
    /// <exception cref="FormatException">The text is not a whole number in that range.</exception>
    public static ulong Parse(string text) =>
        TryParse(text, out ulong seed)
            ? seed
            : throw new FormatException(
                $"'{text}' is no seed; whole numbers from {long.MinValue} to {ulong.MaxValue} are, as torch.manual_seed takes them."
            );
}
