using Qua2SeDiMo.Numerics;

namespace Qua2SeDiMo.Fuzz;

/// <summary>The random numbers of a run; equal seeds give equal inputs.</summary>
internal sealed class Dice(ulong seed, ulong stream = 0)
{
    private readonly Pcg32 random = new(seed, stream);

    internal int Next(int exclusiveUpper) => exclusiveUpper <= 1 ? 0 : random.Next(exclusiveUpper);

    internal uint Bits() => random.NextUInt32();

    /// <summary>True with probability 1 / <paramref name="n"/>.</summary>
    internal bool OneIn(int n) => random.Next(n) == 0;

    internal T Pick<T>(IReadOnlyList<T> items) => items[Next(items.Count)];

    internal T Pick<T>(ReadOnlySpan<T> items) => items[Next(items.Length)];

    /// <summary>A number from 1 to <paramref name="most"/>, each further one half as likely.</summary>
    internal int Few(int most)
    {
        int value = 1;
        while (value < most && !OneIn(2))
            value++;
        return value;
    }

    /// <summary>A length from 1: mostly at most 16, one time in eight up to <paramref name="most"/>.</summary>
    internal int Length(int most) => 1 + Next(OneIn(8) ? most : Math.Min(most, 16));
}
