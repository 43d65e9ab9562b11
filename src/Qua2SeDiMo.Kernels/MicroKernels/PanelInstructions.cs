using Qua2SeDiMo.Kernels.Decoding;
using Qua2SeDiMo.Kernels.Layout;

namespace Qua2SeDiMo.Kernels.MicroKernels;

/// <summary>The innermost loops of products and convolutions, in one processor's vector instructions.</summary>
internal abstract unsafe class PanelInstructions
{
    /// <summary>What runs, in a few words.</summary>
    internal abstract string Description { get; }

    /// <summary>Tokens of a wide panel; a narrow one has half as many.</summary>
    internal abstract int WideTokens { get; }

    /// <summary>Channels that <see cref="Tile"/> takes at once; divides <see cref="PanelGeometry.GroupChannels"/>.</summary>
    internal abstract int TileChannels { get; }

    /// <summary>Integers of one word of <see cref="IntegerTile"/>: 2 of 16 bits or 4 of 8.</summary>
    internal virtual int IntegersPerWord => 2;

    /// <summary>Whether <see cref="DotProduct512"/> runs.</summary>
    internal virtual bool HasDotProducts => false;

    /// <summary>Whether <see cref="VnniDotProduct"/> runs.</summary>
    internal virtual bool HasIntegerDotProducts => false;

    /// <summary>See <see cref="RowDecoder512.Decode"/>.</summary>
    internal abstract void Decode(PaletteLayout layout, byte* codes, float* palette, int first, int count, float* row);

    /// <summary>c[i, t] (+)= Σ_k a[i, k]·b[k, t], terms added in order of k.</summary>
    /// <param name="a">Weights of the tile's channels, one every <see cref="PanelGeometry.Stride"/>.</param>
    /// <param name="b">[count, width].</param>
    /// <param name="count">Inputs k.</param>
    /// <param name="c">Sums of the tile's channels.</param>
    /// <param name="pitch">Words from one channel's sums to the next.</param>
    /// <param name="add">Whether c holds the sums of earlier inputs.</param>
    /// <param name="width">Tokens: wide or narrow.</param>
    internal abstract void Tile(float* a, float* b, int count, float* c, nint pitch, bool add, int width);

    /// <summary>The same, each word several integers whose products are added.</summary>
    internal abstract void IntegerTile(int* a, int* b, int count, int* c, nint pitch, bool add, int width);
}

/// <summary>512-bit vectors.</summary>
internal unsafe class Avx512Instructions : PanelInstructions
{
    internal override string Description => "512-bit floats, 512-bit pairs of 16-bit integers";

    internal override bool HasDotProducts => true;

    internal override int WideTokens => 32;

    internal override int TileChannels => Tile512.Channels;

    internal override void Decode(PaletteLayout layout, byte* codes, float* palette, int first, int count, float* row) => RowDecoder512.Decode(layout, codes, palette, first, count, row);

    internal override void Tile(float* a, float* b, int count, float* c, nint pitch, bool add, int width)
    {
        if (width == 32) Tile512.Run32(a, b, count, c, pitch, add);
        else Tile512.Run16(a, b, count, c, pitch, add);
    }

    internal override void IntegerTile(int* a, int* b, int count, int* c, nint pitch, bool add, int width)
    {
        if (width == 32) IntegerTile512.Run32(a, b, count, c, pitch, add);
        else IntegerTile512.Run16(a, b, count, c, pitch, add);
    }
}

/// <summary>256-bit vectors.</summary>
internal unsafe class Avx2Instructions : PanelInstructions
{
    internal override string Description => "256-bit floats, 256-bit pairs of 16-bit integers";

    internal override int WideTokens => 16;

    internal override int TileChannels => Tile256.Channels;

    internal override void Decode(PaletteLayout layout, byte* codes, float* palette, int first, int count, float* row) => RowDecoder256.Decode(layout, codes, palette, first, count, row);

    internal override void Tile(float* a, float* b, int count, float* c, nint pitch, bool add, int width)
    {
        if (width == 16) Tile256.Run16(a, b, count, c, pitch, add);
        else Tile256.Run8(a, b, count, c, pitch, add);
    }

    internal override void IntegerTile(int* a, int* b, int count, int* c, nint pitch, bool add, int width)
    {
        if (width == 16) IntegerTile256.Run16(a, b, count, c, pitch, add);
        else IntegerTile256.Run8(a, b, count, c, pitch, add);
    }
}
