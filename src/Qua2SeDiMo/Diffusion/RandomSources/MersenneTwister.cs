namespace Qua2SeDiMo.Diffusion.RandomSources;

/// <summary>
/// MT19937 (Matsumoto and Nishimura, ACM TOMACS 8, 1998), seeded by one 32-bit word: the engine behind PyTorch's CPU
/// generator.
/// </summary>
internal sealed class MersenneTwister
{
    private const int StateLength = 624;
    private const int Shift = 397;
    private readonly uint[] state = new uint[StateLength];
    private int next = StateLength;

    public MersenneTwister(uint seed)
    {
        state[0] = seed;
        for (uint i = 1; i < StateLength; i++)
        {
            state[i] = unchecked((1812433253u * (state[i - 1] ^ (state[i - 1] >> 30))) + i);
        }
    }

    /// <summary>The next 32 random bits.</summary>
    public uint NextUInt32()
    {
        if (next == StateLength)
            Refill();
        uint word = state[next++];
        word ^= word >> 11;
        word ^= (word << 7) & 0x9d2c5680u;
        word ^= (word << 15) & 0xefc60000u;
        return word ^ (word >> 18);
    }

    /// <summary>The next 64 random bits: the first word drawn is the upper half.</summary>
    public ulong NextUInt64()
    {
        ulong upper = NextUInt32();
        return (upper << 32) | NextUInt32();
    }

    private void Refill()
    {
        for (int i = 0; i < StateLength; i++)
        {
            uint mixed = (state[i] & 0x80000000u) | (state[(i + 1) % StateLength] & 0x7fffffffu);
            state[i] = state[(i + Shift) % StateLength] ^ (mixed >> 1) ^ ((mixed & 1) == 0 ? 0u : 0x9908b0dfu);
        }
        next = 0;
    }
}
