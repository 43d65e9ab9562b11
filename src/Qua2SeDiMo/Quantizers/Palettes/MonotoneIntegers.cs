namespace Qua2SeDiMo.Quantizers.Palettes;

/// <summary>
/// Integers that never fall, in unary differences: a zero for each step up, a one for each integer. n integers up to m
/// take n + m bits. Reading one scans the bits, which is meant for the few that are ever asked for.
/// </summary>
internal sealed class MonotoneIntegers
{
    private const int WordBits = 64;
    private readonly ulong[] bits;

    /// <param name="values">From zero up, none below the one before it.</param>
    /// <exception cref="ArgumentException">One falls.</exception>
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

    /// <summary>Integer number <paramref name="index"/>.</summary>
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
