using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Qua2SeDiMo.Quantizers.Kernels;

/// <summary>A palette as 8-bit integers of one scale.</summary>
internal static unsafe class IntegerPalette
{
    private const float Largest = 127f;

    /// <summary>Weight units of one integer: max |c| / 127; 0 when all entries are 0.</summary>
    /// <param name="palette">Values.</param>
    /// <param name="length">A multiple of 8.</param>
    private static float Scale(float* palette, int length)
    {
        Vector256<float> largest = Vector256<float>.Zero;
        for (int i = 0; i < length; i += Vector256<float>.Count) largest = Vector256.MaxNative(largest, Vector256.Abs(Vector256.Load(palette + i)));
        Vector128<float> four = Vector128.MaxNative(largest.GetLower(), largest.GetUpper());
        float highest = 0f;
        for (int i = 0; i < Vector128<float>.Count; i++) highest = MathF.Max(highest, four[i]);
        return highest / Largest;
    }

    /// <summary><see cref="Scale(float*, int)"/> of a channel.</summary>
    [SkipLocalsInit]
    internal static float Scale(PaletteMatrix weight, int channel)
    {
        float* palette = stackalloc float[RowDecoder.PalettePlaces];
        return Scale(palette, Read(weight, channel, palette));
    }

    /// <summary>Reads a channel's palette in units of its scale: values in [−127, 127]. Palettes of zeros stay zeros.</summary>
    /// <param name="weight">The weight.</param>
    /// <param name="channel">From 0.</param>
    /// <param name="palette"><see cref="RowDecoder.PalettePlaces"/> places, as <see cref="RowDecoder.Decode"/> expects them.</param>
    /// <returns>Places that hold the palette, a multiple of 8.</returns>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static int ReadScaled(PaletteMatrix weight, int channel, float* palette)
    {
        int length = Read(weight, channel, palette);
        float scale = Scale(palette, length);
        // The limits matter only to scales so small that they have lost digits.
        Vector256<float> divisor = Vector256.Create(scale == 0f ? 1f : scale), largest = Vector256.Create(Largest);
        for (int i = 0; i < length; i += Vector256<float>.Count)
        {
            Vector256.MinNative(Vector256.MaxNative(Vector256.Load(palette + i) / divisor, -largest), largest).Store(palette + i);
        }
        return length;
    }

    /// <summary>Reads a channel's palette as integers in [−127, 127]; an entry is off by at most max |c| / 254.</summary>
    /// <inheritdoc cref="ReadScaled"/>
    [SkipLocalsInit]
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void ReadRounded(PaletteMatrix weight, int channel, int* palette)
    {
        int length = ReadScaled(weight, channel, (float*)palette);
        for (int i = 0; i < length; i += Vector256<float>.Count) Vector256.ConvertToInt32Native(Vector256.Round(Vector256.Load((float*)palette + i))).Store(palette + i);
    }

    private static int Read(PaletteMatrix weight, int channel, float* palette)
    {
        RowDecoder.ReadPalette(weight, channel, palette);
        return Math.Max(PaletteTable.Length, weight.Spec.PaletteLength);
    }
}
