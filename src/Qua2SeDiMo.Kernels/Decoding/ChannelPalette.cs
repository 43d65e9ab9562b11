using Qua2SeDiMo.Kernels.Layout;

namespace Qua2SeDiMo.Kernels.Decoding;

/// <summary>The palette of one channel as single precision, of any number of bits.</summary>
internal static unsafe class ChannelPalette
{
    /// <summary>Entries of the largest palette, that of 8 bits: the length of a buffer for any palette.</summary>
    internal const int MaxEntries = 256;

    /// <summary>Writes the palette; one that fits a <see cref="PaletteTable"/> is repeated to the table's
    /// length.</summary>
    /// <param name="weight">The weight.</param>
    /// <param name="channel">From 0.</param>
    /// <param name="palette">Room for <see cref="MaxEntries"/>.</param>
    internal static void Read(PaletteMatrix weight, int channel, float* palette)
    {
        if (PaletteTable.Holds(weight.Spec.Bits))
            PaletteTable.Read(weight, channel, palette);
        else
            weight.ReadPalette(channel, new Span<float>(palette, weight.Spec.PaletteLength));
    }
}
