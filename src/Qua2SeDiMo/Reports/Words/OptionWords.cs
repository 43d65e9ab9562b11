using Qua2SeDiMo.Kernels.Codes;

namespace Qua2SeDiMo.Reports.Words;

/// <summary>Names of an option in tables and charts.</summary>
/// <param name="Label">For instance "K-Means C, 4 bits".</param>
/// <param name="Method">Name of the method, for instance "K-Means C"; options of one method share a hue.</param>
/// <param name="IsSmall">Whether the option has 3 bits or fewer, which is drawn hatched.</param>
internal sealed record OptionWords(string Label, string Method, bool IsSmall)
{
    /// <summary>Names of an option.</summary>
    public static OptionWords Of(QuantizerSpec option)
    {
        string method = option.Method switch
        {
            QuantizerMethod.UniformAffine => "UAQ",
            QuantizerMethod.KMeansPerChannel => "K-Means C",
            _ => "K-Means A",
        };
        return new OptionWords($"{method}, {option.Bits} bits", method, option.Bits <= 3);
    }

    /// <summary>Names of an option given by name; an option of an external study that this program does not know keeps
    /// its name.</summary>
    public static OptionWords OfName(string name) =>
        QuantizerSpec.TryParse(name, out QuantizerSpec? option)
            ? Of(option)
            : new OptionWords(name, name, IsSmall: false);
}
