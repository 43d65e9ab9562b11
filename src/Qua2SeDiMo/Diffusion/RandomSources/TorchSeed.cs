using System.Globalization;

namespace Qua2SeDiMo.Diffusion.RandomSources;

/// <summary>Seeds as <c>torch.manual_seed</c> takes them: -2^63 to 2^64 − 1, where −n means 2^64 − n.</summary>
internal static class TorchSeed
{
    /// <summary>Reads a seed; digits and at most one sign, whatever the machine's culture.</summary>
    /// <returns>False if it is no whole number of that range.</returns>
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

    /// <summary>Reads a seed.</summary>
    /// <exception cref="FormatException">It is no whole number of that range.</exception>
    public static ulong Parse(string text) =>
        TryParse(text, out ulong seed)
            ? seed
            : throw new FormatException(
                $"'{text}' is no seed; whole numbers from {long.MinValue} to {ulong.MaxValue} are, as torch.manual_seed takes them."
            );
}
