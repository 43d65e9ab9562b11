namespace Qua2SeDiMo.Numerics;

/// <summary>
/// Rotary position tables of a two-dimensional grid of patches, as in Hunyuan-DiT's pipeline. The grid is scaled into
/// the middle of the square on which the model was trained. The first half of a head's channels encodes the column, the
/// second half the row.
/// </summary>
/// <param name="Cos">[patches, head width], row-major; each value occurs twice in succession.</param>
/// <param name="Sin">The same shape and order.</param>
internal sealed record RotaryGrid(float[] Cos, float[] Sin)
{
    private const double Theta = 10000;

    /// <summary>Computes the tables of one grid.</summary>
    /// <param name="headWidth">Channels of one attention head, a multiple of 4.</param>
    /// <param name="height">Patches from top to bottom.</param>
    /// <param name="width">Patches from left to right.</param>
    /// <param name="baseSize">Patches along a side of the training square; for the released models 512 / 8 / 2 =
    /// 32.</param>
    /// <exception cref="ArgumentOutOfRangeException">A number is not positive, or the head width is not a multiple of
    /// 4.</exception>
    public static RotaryGrid Of(int headWidth, int height, int width, int baseSize = 32)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(headWidth, 4);
        ArgumentOutOfRangeException.ThrowIfNotEqual(headWidth % 4, 0, nameof(headWidth));
        ArgumentOutOfRangeException.ThrowIfLessThan(height, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(baseSize, 1);
        bool isTall = height > width;
        int fittedHeight = isTall ? baseSize : Round((double)baseSize / width * height);
        int fittedWidth = isTall ? Round((double)baseSize / height * width) : baseSize;
        float[] rows = Coordinates(Round((baseSize - fittedHeight) / 2.0), fittedHeight, height);
        float[] columns = Coordinates(Round((baseSize - fittedWidth) / 2.0), fittedWidth, width);
        int half = headWidth / 2;
        float[] cos = new float[checked(height * width * headWidth)],
            sin = new float[cos.Length];
        for (int token = 0; token < height * width; token++)
        {
            int start = token * headWidth;
            Fill(columns[token % width], cos.AsSpan(start, half), sin.AsSpan(start, half));
            Fill(rows[token / width], cos.AsSpan(start + half, half), sin.AsSpan(start + half, half));
        }
        return new RotaryGrid(cos, sin);
    }

    // Rounds half to even, as Python does.
    private static int Round(double value) => (int)Math.Round(value, MidpointRounding.ToEven);

    // Equally spaced coordinates from the start of a region; the last one is one step before its end.
    private static float[] Coordinates(int start, int extent, int count)
    {
        double last = (start + extent) * (double)(count - 1) / count;
        return
        [
            .. Enumerable
                .Range(0, count)
                .Select(i => count == 1 ? start : (float)(start + ((last - start) * i / (count - 1)))),
        ];
    }

    private static void Fill(float position, Span<float> cos, Span<float> sin)
    {
        for (int i = 0; i < cos.Length; i += 2)
        {
            float frequency = (float)Math.Pow(Theta, -(double)i / cos.Length);
            float angle = position * frequency;
            cos[i] = cos[i + 1] = (float)Math.Cos(angle);
            sin[i] = sin[i + 1] = (float)Math.Sin(angle);
        }
    }
}
