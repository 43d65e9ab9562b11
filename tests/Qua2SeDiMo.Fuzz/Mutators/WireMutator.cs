namespace Qua2SeDiMo.Fuzz.Mutators;

/// <summary>
/// Changes protocol-buffers messages by their structure: removes, repeats, moves or changes fields, and corrects all
/// lengths. Nested messages are guessed from the bytes, so that it works with any schema.
/// </summary>
internal static class WireMutator
{
    private const int DeepestMessage = 8;
    private static readonly ulong[] Numbers =
    [
        0,
        1,
        2,
        3,
        7,
        10,
        16,
        127,
        128,
        255,
        65535,
        int.MaxValue,
        uint.MaxValue,
        long.MaxValue,
        ulong.MaxValue,
        1UL << 40,
    ];

    private sealed class Field
    {
        internal required int Number { get; set; }

        internal required int Wire { get; set; }

        internal ulong Value { get; set; }

        internal byte[] Bytes { get; set; } = [];

        internal List<Field>? Message { get; set; }
    }

    internal static byte[] Mutate(byte[] bytes, byte[] other, Dice dice)
    {
        if (Parse(bytes, 0) is not { Count: > 0 } fields)
            return ByteMutator.Mutate(bytes, other, dice);
        List<Field> home = Descend(fields, dice);
        int at = dice.Next(home.Count);
        Field field = home[at];
        switch (dice.Next(7))
        {
            case 0:
                home.RemoveAt(at);
                break;
            case 1:
                for (int i = dice.OneIn(8) ? dice.Length(500) : dice.Few(4); i > 0; i--)
                    home.Insert(at, field);
                break;
            case 2:
                if (Parse(other, 0) is { Count: > 0 } donors)
                    home.Insert(at, dice.Pick(Descend(donors, dice)));
                break;
            case 3:
                (home[at], home[dice.Next(home.Count)]) = (home[dice.Next(home.Count)], home[at]);
                break;
            case 4:
                field.Number = 1 + dice.Next(25);
                break;
            default:
                Change(field, dice);
                break;
        }
        var result = new MemoryStream();
        Write(fields, result);
        return result.ToArray();
    }

    private static void Change(Field field, Dice dice)
    {
        if (field.Wire != 2)
        {
            field.Value = dice.Pick(Numbers);
            return;
        }
        field.Message = null;
        field.Bytes = dice.Next(5) switch
        {
            0 => [],
            1 => "x"u8.ToArray(),
            2 => [.. field.Bytes, .. field.Bytes],
            3 => [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f],
            _ => ByteMutator.Mutate(field.Bytes, field.Bytes, dice),
        };
    }

    private static List<Field> Descend(List<Field> fields, Dice dice)
    {
        while (!dice.OneIn(4))
        {
            List<Field> messages = [.. fields.Where(field => field.Message is { Count: > 0 })];
            if (messages.Count == 0)
                break;
            fields = dice.Pick(messages).Message!;
        }
        return fields;
    }

    // Parses a message; null when the bytes are not one.
    private static List<Field>? Parse(ReadOnlySpan<byte> bytes, int depth)
    {
        var fields = new List<Field>();
        int at = 0;
        while (at < bytes.Length)
        {
            if (!TryVarint(bytes, ref at, out ulong key) || key >> 3 is 0 or > 1000)
                return null;
            var field = new Field { Number = (int)(key >> 3), Wire = (int)(key & 7) };
            ulong value = 0;
            switch (field.Wire)
            {
                case 0 when TryVarint(bytes, ref at, out value):
                    field.Value = value;
                    break;
                case 1 when bytes.Length - at >= 8:
                    field.Value = BitConverter.ToUInt64(bytes[at..]);
                    at += 8;
                    break;
                case 5 when bytes.Length - at >= 4:
                    field.Value = BitConverter.ToUInt32(bytes[at..]);
                    at += 4;
                    break;
                case 2 when TryVarint(bytes, ref at, out value) && value <= (ulong)(bytes.Length - at):
                    field.Bytes = bytes.Slice(at, (int)value).ToArray();
                    at += (int)value;
                    if (depth < DeepestMessage && field.Bytes.Length > 1)
                        field.Message = Parse(field.Bytes, depth + 1);
                    break;
                default:
                    return null;
            }
            fields.Add(field);
        }
        return fields;
    }

    private static void Write(List<Field> fields, MemoryStream to)
    {
        foreach (Field field in fields)
        {
            WriteVarint(to, ((ulong)field.Number << 3) | (uint)field.Wire);
            switch (field.Wire)
            {
                case 0:
                    WriteVarint(to, field.Value);
                    break;
                case 1:
                    to.Write(BitConverter.GetBytes(field.Value));
                    break;
                case 5:
                    to.Write(BitConverter.GetBytes((uint)field.Value));
                    break;
                default:
                    byte[] content = field.Bytes;
                    if (field.Message is { } message)
                    {
                        var inner = new MemoryStream();
                        Write(message, inner);
                        content = inner.ToArray();
                    }
                    WriteVarint(to, (ulong)content.Length);
                    to.Write(content);
                    break;
            }
        }
    }

    private static bool TryVarint(ReadOnlySpan<byte> bytes, ref int at, out ulong value)
    {
        value = 0;
        for (int shift = 0; shift < 64 && at < bytes.Length; shift += 7)
        {
            byte next = bytes[at++];
            value |= (ulong)(next & 0x7f) << shift;
            if (next < 0x80)
                return true;
        }
        return false;
    }

    private static void WriteVarint(MemoryStream to, ulong value)
    {
        for (; value >= 0x80; value >>= 7)
            to.WriteByte((byte)(value | 0x80));
        to.WriteByte((byte)value);
    }
}
