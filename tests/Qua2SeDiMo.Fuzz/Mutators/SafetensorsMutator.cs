using System.Buffers.Binary;

namespace Qua2SeDiMo.Fuzz.Mutators;

/// <summary>Changes a safetensors file: its header as JSON, the length before it, or the data after it.</summary>
internal static class SafetensorsMutator
{
    private static readonly ulong[] Lengths =
    [
        0,
        1,
        2,
        8,
        100,
        100_000_000,
        100_000_001,
        uint.MaxValue,
        long.MaxValue,
        ulong.MaxValue,
    ];

    internal static byte[] Mutate(FuzzFile file, FuzzFile other, Dice dice)
    {
        byte[] bytes = file.Bytes;
        if (bytes.Length < 8)
            return ByteMutator.Mutate(bytes, other.Bytes, dice);
        ulong claimed = BinaryPrimitives.ReadUInt64LittleEndian(bytes);
        int length = (int)Math.Min(claimed, (ulong)bytes.Length - 8);
        switch (dice.Next(8))
        {
            case 0:
            {
                byte[] changed = [.. bytes];
                BinaryPrimitives.WriteUInt64LittleEndian(
                    changed,
                    dice.OneIn(2) ? dice.Pick(Lengths) : claimed + (ulong)dice.Next(9) - 4
                );
                return changed;
            }
            case 1:
                return
                [
                    .. bytes.AsSpan(0, 8 + length),
                    .. ByteMutator.Mutate(bytes[(8 + length)..], other.Bytes, dice),
                ];
            default:
            {
                byte[] header = JsonMutator.Mutate(
                    Header(file, length),
                    Header(
                        other,
                        other.Bytes.Length < 8
                            ? 0
                            : (int)
                                Math.Min(
                                    BinaryPrimitives.ReadUInt64LittleEndian(other.Bytes),
                                    (ulong)other.Bytes.Length - 8
                                )
                    ),
                    dice
                );
                byte[] changed = new byte[8 + header.Length + bytes.Length - 8 - length];
                BinaryPrimitives.WriteUInt64LittleEndian(changed, (ulong)header.Length);
                header.CopyTo(changed, 8);
                bytes.AsSpan(8 + length).CopyTo(changed.AsSpan(8 + header.Length));
                return changed;
            }
        }
    }

    private static FuzzFile Header(FuzzFile file, int length)
    {
        if (file.Structure is FuzzFile known)
            return known;
        var header = new FuzzFile("header.json", length == 0 ? "{}"u8.ToArray() : file.Bytes[8..(8 + length)]);
        file.Structure = header;
        return header;
    }
}
