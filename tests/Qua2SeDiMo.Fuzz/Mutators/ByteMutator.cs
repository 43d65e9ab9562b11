using System.Buffers.Binary;

namespace Qua2SeDiMo.Fuzz.Mutators;

/// <summary>Changes bytes without regard to their meaning.</summary>
internal static class ByteMutator
{
    private static readonly long[] Interesting =
    [
        0,
        1,
        -1,
        127,
        128,
        255,
        256,
        32767,
        65535,
        65536,
        int.MaxValue,
        int.MinValue,
        uint.MaxValue,
        long.MaxValue,
        long.MinValue,
        1L << 40,
    ];

    internal static byte[] Mutate(byte[] bytes, byte[] other, Dice dice)
    {
        if (bytes.Length == 0)
            return [(byte)dice.Bits()];
        switch (dice.Next(7))
        {
            case 0:
                return bytes[..dice.Next(bytes.Length)];
            case 1:
            {
                byte[] changed = [.. bytes];
                for (int i = dice.Few(8); i > 0; i--)
                    changed[dice.Next(changed.Length)] ^= (byte)(1 << dice.Next(8));
                return changed;
            }
            case 2:
            {
                byte[] changed = [.. bytes];
                byte[] number = new byte[8];
                BinaryPrimitives.WriteInt64LittleEndian(number, dice.Pick(Interesting));
                int at = dice.Next(changed.Length),
                    width = Math.Min(1 << dice.Next(4), changed.Length - at);
                number.AsSpan(0, width).CopyTo(changed.AsSpan(at));
                return changed;
            }
            case 3:
                return Splice(bytes, dice.Next(bytes.Length), 0, Range(other, dice));
            case 4:
                return Splice(bytes, dice.Next(bytes.Length), 0, Range(bytes, dice));
            case 5:
            {
                int at = dice.Next(bytes.Length);
                return Splice(bytes, at, dice.Length(bytes.Length - at), []);
            }
            default:
            {
                int at = dice.Next(bytes.Length);
                return Splice(bytes, at, dice.Length(bytes.Length - at), Range(other, dice));
            }
        }
    }

    /// <summary>Replaces a range of bytes.</summary>
    internal static byte[] Splice(ReadOnlySpan<byte> bytes, int start, int length, ReadOnlySpan<byte> replacement)
    {
        byte[] result = new byte[bytes.Length - length + replacement.Length];
        bytes[..start].CopyTo(result);
        replacement.CopyTo(result.AsSpan(start));
        bytes[(start + length)..].CopyTo(result.AsSpan(start + replacement.Length));
        return result;
    }

    private static ReadOnlySpan<byte> Range(byte[] bytes, Dice dice)
    {
        if (bytes.Length == 0)
            return [];
        int start = dice.Next(bytes.Length);
        return bytes.AsSpan(start, dice.Length(bytes.Length - start));
    }
}
