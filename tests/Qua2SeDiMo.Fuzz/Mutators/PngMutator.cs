using System.Buffers.Binary;
using System.IO.Hashing;

namespace Qua2SeDiMo.Fuzz.Mutators;

/// <summary>Changes the chunks of a PNG file and corrects their checksums, so that the decoder reads the
/// contents.</summary>
internal static class PngMutator
{
    private static readonly uint[] Extents = [0, 1, 2, 255, 4096, 4097, 65535, 100_000, int.MaxValue, uint.MaxValue];

    internal static byte[] Mutate(byte[] bytes, Dice dice)
    {
        var chunks = new List<(byte[] Kind, byte[] Data)>();
        for (int at = 8; at + 12 <= bytes.Length; )
        {
            uint length = BinaryPrimitives.ReadUInt32BigEndian(bytes.AsSpan(at));
            if (length > bytes.Length - at - 12)
                break;
            chunks.Add((bytes[(at + 4)..(at + 8)], bytes[(at + 8)..(at + 8 + (int)length)]));
            at += 12 + (int)length;
        }
        if (chunks.Count == 0)
            return ByteMutator.Mutate(bytes, bytes, dice);
        int index = dice.Next(chunks.Count);
        (byte[] kind, byte[] data) = chunks[index];
        switch (dice.Next(6))
        {
            case 0:
                chunks.RemoveAt(index);
                break;
            case 1:
                chunks.Insert(index, chunks[index]);
                break;
            case 2 when data.Length >= 13:
                data = [.. data];
                BinaryPrimitives.WriteUInt32BigEndian(data.AsSpan(4 * dice.Next(2)), dice.Pick(Extents));
                chunks[index] = (kind, data);
                break;
            case 3 when data.Length >= 13:
                data = [.. data];
                data[8 + dice.Next(5)] = (byte)dice.Next(20);
                chunks[index] = (kind, data);
                break;
            default:
                chunks[index] = (kind, ByteMutator.Mutate(data, bytes, dice));
                break;
        }
        var result = new MemoryStream();
        result.Write(bytes.AsSpan(0, Math.Min(8, bytes.Length)));
        foreach ((byte[] name, byte[] content) in chunks)
        {
            byte[] whole = [.. name, .. content];
            byte[] number = new byte[4];
            BinaryPrimitives.WriteUInt32BigEndian(number, (uint)content.Length);
            result.Write(number);
            result.Write(whole);
            BinaryPrimitives.WriteUInt32BigEndian(number, Crc32.HashToUInt32(whole));
            result.Write(number);
        }
        return result.ToArray();
    }
}
