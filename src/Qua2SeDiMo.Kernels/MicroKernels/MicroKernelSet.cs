using Qua2SeDiMo.Kernels.Decoding;
using Qua2SeDiMo.Kernels.Layout;

namespace Qua2SeDiMo.Kernels.MicroKernels;

/// <summary>The innermost loops of products and convolutions, in one processor's vector instructions.</summary>
internal abstract unsafe class MicroKernelSet
{
    /// <summary>Short text that names the vector widths and instructions.</summary>
    internal abstract string Description { get; }

    /// <summary>Tokens of a wide panel; a narrow one has half as many.</summary>
    internal abstract int WideTokens { get; }

    /// <summary>Channels that <see cref="Tile"/> takes at once; divides
    /// <see cref="PanelGeometry.GroupChannels"/>.</summary>
    internal abstract int TileChannels { get; }

    /// <summary>Integers of one word of <see cref="IntegerTile"/>: 2 of 16 bits or 4 of 8.</summary>
    internal virtual int IntegersPerWord => 2;

    /// <summary>Whether <see cref="DotProduct512"/> can be used.</summary>
    internal virtual bool HasDotProducts => false;

    /// <summary>Whether <see cref="VnniDotProduct"/> can be used.</summary>
    internal virtual bool HasIntegerDotProducts => false;

    /// <summary>See <see cref="RowDecoder512.Decode"/>.</summary>
    internal abstract void Decode(PaletteLayout layout, byte* codes, float* palette, int first, int count, float* row);

    /// <summary>c[i, t] (+)= Σ_k a[i, k]·b[k, t], terms added in order of k.</summary>
    /// <param name="a">Weights of the tile's channels, <see cref="PanelGeometry.Stride"/> words apart.</param>
    /// <param name="b">[count, width].</param>
    /// <param name="count">Inputs k.</param>
    /// <param name="c">Sums of the tile's channels.</param>
    /// <param name="pitch">Words from one channel's sums to the next.</param>
    /// <param name="add">Whether c holds the sums of earlier inputs.</param>
    /// <param name="width">Tokens: those of a wide or a narrow panel.</param>
    internal abstract void Tile(float* a, float* b, int count, float* c, nint pitch, bool add, int width);

    /// <summary>c[i, t] (+)= Σ_k a[i, k]·b[k, t]; each word holds <see cref="IntegersPerWord"/> integers, whose
    /// products are summed.</summary>
    internal abstract void IntegerTile(int* a, int* b, int count, int* c, nint pitch, bool add, int width);
}

/// <summary>512-bit vectors.</summary>
internal unsafe class Avx512MicroKernels : MicroKernelSet
{
    /// <summary>Channels of a tile.</summary>
    internal const int Channels = 12;

    internal override string Description => "512-bit floats, 512-bit pairs of 16-bit integers";

    internal override bool HasDotProducts => true;

    internal override int WideTokens => 32;

    internal override int TileChannels => Channels;

    internal override void Decode(
        PaletteLayout layout,
        byte* codes,
        float* palette,
        int first,
        int count,
        float* row
    ) => RowDecoder512.Decode(layout, codes, palette, first, count, row);

    internal override void Tile(float* a, float* b, int count, float* c, nint pitch, bool add, int width)
    {
        if (width == 32)
            Tile512<float, FloatMultiplyAdd512>.Run32(a, b, count, c, pitch, add);
        else
            Tile512<float, FloatMultiplyAdd512>.Run16(a, b, count, c, pitch, add);
    }

    internal override void IntegerTile(int* a, int* b, int count, int* c, nint pitch, bool add, int width)
    {
        if (width == 32)
            Tile512<int, PairMultiplyAdd512>.Run32(a, b, count, c, pitch, add);
        else
            Tile512<int, PairMultiplyAdd512>.Run16(a, b, count, c, pitch, add);
    }
}

/// <summary>256-bit vectors.</summary>
internal unsafe class Avx2MicroKernels : MicroKernelSet
{
    private const int Channels = 6;

    internal override string Description => "256-bit floats, 256-bit pairs of 16-bit integers";

    internal override int WideTokens => 16;

    internal override int TileChannels => Channels;

    internal override void Decode(
        PaletteLayout layout,
        byte* codes,
        float* palette,
        int first,
        int count,
        float* row
    ) => RowDecoder256.Decode(layout, codes, palette, first, count, row);

    internal override void Tile(float* a, float* b, int count, float* c, nint pitch, bool add, int width)
    {
        if (width == 16)
            Tile256<float, FloatMultiplyAdd256>.Run16(a, b, count, c, pitch, add);
        else
            Tile256<float, FloatMultiplyAdd256>.Run8(a, b, count, c, pitch, add);
    }

    internal override void IntegerTile(int* a, int* b, int count, int* c, nint pitch, bool add, int width)
    {
        if (width == 16)
            Tile256<int, PairMultiplyAdd256>.Run16(a, b, count, c, pitch, add);
        else
            Tile256<int, PairMultiplyAdd256>.Run8(a, b, count, c, pitch, add);
    }
}
