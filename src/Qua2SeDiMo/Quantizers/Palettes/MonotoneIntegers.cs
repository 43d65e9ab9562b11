namespace Qua2SeDiMo.Quantizers.Palettes;

/// <summary>
/// A non-decreasing sequence of integers, stored as unary differences: a zero bit for each increment, a one bit for
/// each integer. n integers up to m take n + m bits. Reading one scans the bits from the start, so only few should be
/// read.
/// </summary>
internal sealed class MonotoneIntegers
{
    private const int WordBits = 64;
    private readonly ulong[] bits;

    /// <param name="values">Non-negative and non-decreasing; at least one.</param>
    /// <exception cref="ArgumentException">An integer is smaller than the one before it.</exception>
    internal MonotoneIntegers(ReadOnlySpan<int> values)
    {
        bits = new ulong[(((long)values.Length + values[^1]) / WordBits) + 1];
        int last = 0;
        for (int i = 0; i < values.Length; i++)
        {
            if (values[i] < last)
                throw new ArgumentException($"Integer {i} is {values[i]}, the one before it {last}.", nameof(values));
            last = values[i];
            long position = (long)last + i;
            bits[position / WordBits] |= 1UL << (int)(position % WordBits);
        }
    }

    /// <summary>The integer at position <paramref name="index"/>, from 0.</summary>
    internal int this[int index]
    {
        get
        {
            long word = 0;
            int rest = index;
            for (
                int ones = System.Numerics.BitOperations.PopCount(bits[0]);
                ones <= rest;
                ones = System.Numerics.BitOperations.PopCount(bits[word])
            )
            {
                rest -= ones;
                word++;
            }
            ulong found = bits[word];
            for (; rest > 0; rest--)
                found &= found - 1;
            return (int)((word * WordBits) + System.Numerics.BitOperations.TrailingZeroCount(found) - index);
        }
    }
}
