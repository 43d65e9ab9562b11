namespace Qua2SeDiMo.Numerics;

/// <summary>
/// Random generator PCG-XSH-RR 64/32 (O'Neill, 2014): small, fast, and identical on every machine. Streams with
/// different numbers are independent, so that trial k, which draws from stream k, does not depend on earlier trials.
/// </summary>
internal sealed class Pcg32
{
    private const ulong Multiplier = 6364136223846793005UL;
    private readonly ulong increment;
    private ulong state;

    /// <summary>Starts a stream.</summary>
    public Pcg32(ulong seed, ulong stream = 0)
    {
        increment = (stream << 1) | 1UL;
        state = 0UL;
        NextUInt32();
        state += seed;
        NextUInt32();
    }

    /// <summary>Position in the stream. A generator with the same stream number continues from it when it is
    /// set.</summary>
    internal ulong State
    {
        get => state;
        set => state = value;
    }

    /// <summary>The next 32 random bits.</summary>
    public uint NextUInt32()
    {
        ulong old = state;
        state = unchecked((old * Multiplier) + increment);
        uint xorShifted = (uint)(((old >> 18) ^ old) >> 27);
        return uint.RotateRight(xorShifted, (int)(old >> 59));
    }

    /// <summary>A uniform integer in [0, <paramref name="exclusiveUpper"/>), without modulo bias.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The bound is not positive.</exception>
    public int Next(int exclusiveUpper)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(exclusiveUpper);
        uint bound = (uint)exclusiveUpper;
        uint threshold = unchecked((uint)-exclusiveUpper) % bound;
        uint draw;
        do draw = NextUInt32();
        while (draw < threshold);
        return (int)(draw % bound);
    }

    /// <summary>A uniform double in [0, 1) with 53 random bits.</summary>
    public double NextDouble() => ((((ulong)NextUInt32() << 32) | NextUInt32()) >> 11) * (1.0 / (1UL << 53));

    /// <summary>A standard normal number, by the polar method (Marsaglia, 1964).</summary>
    public double NextNormal()
    {
        double u,
            v,
            s;
        do
        {
            u = (2 * NextDouble()) - 1;
            v = (2 * NextDouble()) - 1;
            s = (u * u) + (v * v);
        } while (s is >= 1 or 0);
        return u * Math.Sqrt(-2 * Math.Log(s) / s);
    }

    /// <summary>Shuffles in place (Fisher and Yates).</summary>
    public void Shuffle<T>(Span<T> values)
    {
        for (int i = values.Length - 1; i > 0; i--)
        {
            int j = Next(i + 1);
            (values[i], values[j]) = (values[j], values[i]);
        }
    }
}
