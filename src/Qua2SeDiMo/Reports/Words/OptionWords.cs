using Qua2SeDiMo.Kernels.Codes;

namespace Qua2SeDiMo.Reports.Words;

/// <summary>How an option is called and grouped in tables and charts.</summary>
/// <param name="Label">For instance "K-Means C, 4 bits".</param>
/// <param name="Method">Method alone, for instance "K-Means C"; options of one method have one hue.</param>
/// <param name="IsSmall">Whether it has 3 bits or fewer, which is shown hatched.</param>
internal sealed record OptionWords(string Label, string Method, bool IsSmall)
{
    /// <summary>The words of an option.</summary>
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

    /// <summary>The words of an option by its name; one of a graph from outside that no model can be packed with keeps
    /// its name.</summary>
    public static OptionWords OfName(string name) =>
        QuantizerSpec.TryParse(name, out QuantizerSpec? option)
            ? Of(option)
            : new OptionWords(name, name, IsSmall: false);
}
