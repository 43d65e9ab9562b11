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
    internal static float Scale(float* palette, int length)
    {
        Vector256<float> largest = Vector256<float>.Zero;
        for (int i = 0; i < length; i += Vector256<float>.Count) largest = Vector256.MaxNative(largest, Vector256.Abs(Vector256.Load(palette + i)));
        Vector128<float> four = Vector128.MaxNative(largest.GetLower(), largest.GetUpper());
        float highest = 0f;
        for (int i = 0; i < Vector128<float>.Count; i++) highest = MathF.Max(highest, four[i]);
        return highest / Largest;
    }

    /// <summary>Rounds a palette to integers in [−127, 127]; an entry is off by at most max |c| / 254.</summary>
    /// <param name="palette">Values.</param>
    /// <param name="length">A multiple of 8.</param>
    /// <param name="integers">As many places.</param>
    /// <returns><see cref="Scale"/>.</returns>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static float Round(float* palette, int length, int* integers)
    {
        float scale = Scale(palette, length);
        // Palettes of zeros stay zeros. The limits matter only to scales so small that they have lost digits.
        Vector256<float> divisor = Vector256.Create(scale == 0f ? 1f : scale), largest = Vector256.Create(Largest);
        for (int i = 0; i < length; i += Vector256<float>.Count)
        {
            Vector256<float> rounded = Vector256.Round(Vector256.Load(palette + i) / divisor);
            Vector256.ConvertToInt32Native(Vector256.MinNative(Vector256.MaxNative(rounded, -largest), largest)).Store(integers + i);
        }
        return scale;
    }
}
