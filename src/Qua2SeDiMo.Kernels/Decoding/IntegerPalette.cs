using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Qua2SeDiMo.Kernels.Layout;

namespace Qua2SeDiMo.Kernels.Decoding;

/// <summary>Rounds a palette to 8-bit integers with one scale.</summary>
internal static unsafe class IntegerPalette
{
    private const float Largest = 127f;

    /// <summary>Weight units of one integer: max |c| / 127; 0 when all entries are 0.</summary>
    /// <param name="palette">Values.</param>
    /// <param name="length">A multiple of 8.</param>
    private static float Scale(float* palette, int length)
    {
        Vector256<float> largest = Vector256<float>.Zero;
        for (int i = 0; i < length; i += Vector256<float>.Count)
            largest = Vector256.MaxNative(largest, Vector256.Abs(Vector256.Load(palette + i)));
        return Scale(largest);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float Scale(Vector256<float> largest)
    {
        Vector128<float> four = Vector128.MaxNative(largest.GetLower(), largest.GetUpper());
        four = Vector128.MaxNative(four, Vector128.Shuffle(four, Vector128.Create(2, 3, 0, 1)));
        return MathF.Max(four[0], four[1]) / Largest;
    }

    /// <summary><see cref="Scale(float*, int)"/> of a channel.</summary>
    [SkipLocalsInit]
    internal static float Scale(PaletteMatrix weight, int channel)
    {
        float* palette = stackalloc float[ChannelPalette.MaxEntries];
        return Scale(palette, Read(weight, channel, palette));
    }

    /// <summary>Reads a channel's palette in units of its scale: values in [−127, 127]. Palettes of zeros stay
    /// zeros.</summary>
    /// <param name="weight">The weight.</param>
    /// <param name="channel">From 0.</param>
    /// <param name="palette">Room for <see cref="ChannelPalette.MaxEntries"/>.</param>
    /// <returns>The scale: weight units of one integer.</returns>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static float ReadScaled(PaletteMatrix weight, int channel, float* palette)
    {
        int length = Read(weight, channel, palette);
        float scale = Scale(palette, length);
        Vector256<float> divisor = Vector256.Create(scale == 0f ? 1f : scale);
        for (int i = 0; i < length; i += Vector256<float>.Count)
            Limit(Vector256.Load(palette + i) / divisor).Store(palette + i);
        return scale;
    }

    /// <summary>Reads a channel's palette as integers in [−127, 127]; an entry is off by at most max |c| /
    /// 254.</summary>
    /// <inheritdoc cref="ReadScaled"/>
    [SkipLocalsInit]
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static float ReadRounded(PaletteMatrix weight, int channel, int* palette)
    {
        float scale = ReadScaled(weight, channel, (float*)palette);
        for (int i = 0; i < EntrySlots(weight); i += Vector256<float>.Count)
            Vector256.ConvertToInt32Native(Vector256.Round(Vector256.Load((float*)palette + i))).Store(palette + i);
        return scale;
    }

    /// <summary>Reads a palette of at most 16 entries as bytes, shorter palettes repeated.</summary>
    /// <param name="weight">At most 4 bits.</param>
    /// <param name="channel">From 0.</param>
    /// <param name="scale">Weight units of one integer.</param>
    [SkipLocalsInit]
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static Vector128<sbyte> ReadBytes(PaletteMatrix weight, int channel, out float scale)
    {
        float* table = stackalloc float[PaletteTable.Length];
        PaletteTable.Read(weight, channel, table);
        Vector256<float> low = Vector256.Load(table),
            high = Vector256.Load(table + Vector256<float>.Count);
        scale = Scale(Vector256.MaxNative(Vector256.Abs(low), Vector256.Abs(high)));
        Vector256<float> divisor = Vector256.Create(scale == 0f ? 1f : scale);
        Vector256<short> words = Vector256.Narrow(
            Vector256.ConvertToInt32Native(Vector256.Round(Limit(low / divisor))),
            Vector256.ConvertToInt32Native(Vector256.Round(Limit(high / divisor)))
        );
        return Vector128.Narrow(words.GetLower(), words.GetUpper());
    }

    private static int Read(PaletteMatrix weight, int channel, float* palette)
    {
        ChannelPalette.Read(weight, channel, palette);
        return EntrySlots(weight);
    }

    private static int EntrySlots(PaletteMatrix weight) => Math.Max(PaletteTable.Length, weight.Spec.PaletteLength);

    // Quotients exceed the limits only for subnormal scales, which have lost precision.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> Limit(Vector256<float> values) =>
        Vector256.MinNative(Vector256.MaxNative(values, Vector256.Create(-Largest)), Vector256.Create(Largest));
}
