using System.Numerics.Tensors;

namespace Qua2SeDiMo.Quantizers.Kernels;

/// <summary>A palette as 8-bit integers of one scale.</summary>
internal static class IntegerPalette
{
    private const float Largest = 127f;

    /// <summary>Rounds a palette to integers in [−127, 127]; an entry is off by at most max |c| / 254.</summary>
    /// <param name="palette">Values.</param>
    /// <param name="integers">As many places.</param>
    /// <returns>Weight units of one integer; 0 when all entries are 0.</returns>
    internal static float Round(ReadOnlySpan<float> palette, Span<sbyte> integers)
    {
        float largest = TensorPrimitives.MaxMagnitude(palette), scale = MathF.Abs(largest) / Largest;
        for (int i = 0; i < palette.Length; i++) integers[i] = scale == 0f ? (sbyte)0 : (sbyte)Math.Clamp(MathF.Round(palette[i] / scale), -Largest, Largest);
        return scale;
    }
}
