using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Qua2SeDiMo.Kernels.Codes;

/// <summary>How a weight's palette is found.</summary>
public enum QuantizerMethod
{
    /// <summary>UAQ: a uniform affine scale per output channel.</summary>
    UniformAffine,

    /// <summary>K-Means C: one free palette per output channel.</summary>
    KMeansPerChannel,

    /// <summary>K-Means A: one free palette for the whole tensor.</summary>
    KMeansPerTensor,
}

/// <summary>How one weight tensor is stored. Two equal specs are the same choice.</summary>
/// <param name="Method">How the palette is found.</param>
/// <param name="Bits">Bits of one code, 2 to 8.</param>
public sealed record QuantizerSpec(QuantizerMethod Method, int Bits)
{
    /// <summary>The six options of the paper, in the order of every table, score array and bank file.</summary>
    public static IReadOnlyList<QuantizerSpec> PaperOptions { get; } =
    [
        new(QuantizerMethod.UniformAffine, 4),
        new(QuantizerMethod.UniformAffine, 3),
        new(QuantizerMethod.KMeansPerChannel, 4),
        new(QuantizerMethod.KMeansPerChannel, 3),
        new(QuantizerMethod.KMeansPerTensor, 4),
        new(QuantizerMethod.KMeansPerTensor, 3),
    ];

    /// <summary>Bits of one code.</summary>
    public int Bits { get; } =
        Bits is >= 2 and <= 8
            ? Bits
            : throw new ArgumentOutOfRangeException(nameof(Bits), Bits, "A code has 2 to 8 bits.");

    /// <summary>Entries of one palette: 2^Bits.</summary>
    public int PaletteLength => 1 << Bits;

    /// <summary>Palettes of a weight with the given number of output channels.</summary>
    public int PaletteCount(int outChannels) => Method == QuantizerMethod.KMeansPerTensor ? 1 : outChannels;

    /// <summary>Type of stored palette entries: single precision for K-Means A, which has only one palette, else the
    /// table type.</summary>
    /// <param name="tableType">Original type of the weight.</param>
    internal ElementType PaletteType(ElementType tableType) =>
        Method == QuantizerMethod.KMeansPerTensor ? ElementType.Float32 : tableType;

    /// <summary>Bytes that a weight takes: packed codes plus tables at the original precision.</summary>
    /// <param name="elementCount">N, number of weights.</param>
    /// <param name="outChannels">C, number of output channels.</param>
    /// <param name="originalBits">P, bits of one original weight: 16 or 32.</param>
    public long SizeBytes(long elementCount, int outChannels, int originalBits)
    {
        long overheadBits = Method switch
        {
            QuantizerMethod.UniformAffine => 2L * originalBits * outChannels,
            QuantizerMethod.KMeansPerChannel => (long)PaletteLength * originalBits * outChannels,
            _ => (long)PaletteLength * originalBits,
        };
        return (elementCount * Bits / 8) + (overheadBits / 8);
    }

    /// <summary>Name of the method in files: <c>uaq</c>, <c>kmeans-c</c> or <c>kmeans-a</c>.</summary>
    public string MethodName =>
        Method switch
        {
            QuantizerMethod.UniformAffine => "uaq",
            QuantizerMethod.KMeansPerChannel => "kmeans-c",
            _ => "kmeans-a",
        };

    /// <summary>Method and bits as text, for instance <c>uaq-4</c>, <c>kmeans-c-3</c>, <c>kmeans-a-4</c>.</summary>
    public override string ToString() => $"{MethodName}-{Bits}";

    /// <summary>Reads the form of <see cref="ToString"/>; an underscore may replace the inner hyphen.</summary>
    public static bool TryParse(string? text, [NotNullWhen(true)] out QuantizerSpec? spec)
    {
        spec = null;
        string normal = (text ?? "").Replace('_', '-');
        int cut = normal.LastIndexOf('-');
        if (
            cut < 0
            || !int.TryParse(normal.AsSpan(cut + 1), CultureInfo.InvariantCulture, out int bits)
            || bits is < 2 or > 8
        )
            return false;
        QuantizerMethod? method = normal[..cut] switch
        {
            "uaq" => QuantizerMethod.UniformAffine,
            "kmeans-c" => QuantizerMethod.KMeansPerChannel,
            "kmeans-a" => QuantizerMethod.KMeansPerTensor,
            _ => null,
        };
        if (method is null)
            return false;
        spec = new QuantizerSpec(method.Value, bits);
        return true;
    }
}
