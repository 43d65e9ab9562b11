using System.Text;
using System.Text.Json;

namespace Qua2SeDiMo.Fuzz.Mutators;

/// <summary>
/// Changes JSON by its structure: replaces values, removes, repeats or renames members, grows lists, nests values. It
/// works on the text, so that keys may be repeated and numbers may have any form.
/// </summary>
internal static class JsonMutator
{
    private const int LargestGrown = 60_000;

    private static readonly byte[][] Literals =
    [
        .. new[]
        {
            "0",
            "1",
            "-1",
            "2",
            "3",
            "7",
            "16",
            "64",
            "1000",
            "0.5",
            "-0.0",
            "1e-9",
            "1e308",
            "1e999",
            "-1e999",
            "2147483647",
            "2147483648",
            "-2147483648",
            "4294967296",
            "9223372036854775807",
            "9223372036854775808",
            "99999999999999999999999999",
            "1.0",
            "1e3",
            "Infinity",
            "-Infinity",
            "NaN",
            "null",
            "true",
            "false",
            "[]",
            "{}",
            "[[]]",
            "[null]",
            "[1]",
            "[1,2]",
            "[0.5]",
            "\"\"",
            "\"a\"",
            "\"0\"",
            "\"NaN\"",
            "\"\\ud800\"",
            "\"\\u0000\"",
            "\"..\"",
            "\"/\"",
            "\"none\"",
            "{\"a\":1}",
            "\"\u00e9\ud83d\ude00\"",
        }.Select(Encoding.UTF8.GetBytes),
    ];

    private enum Kind
    {
        Key,
        Value,
    }

    // Position of a key or value in the text; ItemStart is the start of the whole item or member, including its key.
    private readonly record struct Place(Kind Kind, int Start, int End, int ItemStart);

    internal static byte[] Mutate(FuzzFile file, FuzzFile other, Dice dice)
    {
        List<Place> places = Places(file);
        if (places.Count == 0)
            return ByteMutator.Mutate(file.Bytes, other.Bytes, dice);
        Place place = dice.Pick(places);
        ReadOnlySpan<byte> bytes = file.Bytes;
        ReadOnlySpan<byte> own = bytes[place.Start..place.End];
        if (place.Kind == Kind.Key)
        {
            List<Place> keys = [.. Places(dice.OneIn(2) ? file : other).Where(candidate => candidate.Kind == Kind.Key)];
            byte[] source = keys.Count > 0 && dice.OneIn(2) ? file.Bytes : other.Bytes;
            Place key = keys.Count > 0 ? dice.Pick(keys) : place;
            return ByteMutator.Splice(
                bytes,
                place.Start,
                place.End - place.Start,
                key.End <= source.Length && !dice.OneIn(4) ? source.AsSpan(key.Start, key.End - key.Start) : "\"x\""u8
            );
        }
        switch (dice.Next(10))
        {
            case 0 or 1 or 2 or 3:
                return ByteMutator.Splice(bytes, place.Start, own.Length, dice.Pick(Literals));
            case 4 or 5:
                return ByteMutator.Splice(bytes, place.Start, own.Length, Value(dice.OneIn(2) ? file : other, dice));
            case 6:
                // Repeats the member or item, so that a key is repeated or a list grows.
                return Repeat(bytes, place, dice.OneIn(6) ? dice.Length(2000) : dice.Few(4));
            case 7:
                return Remove(bytes, place);
            case 8:
            {
                int depth = dice.OneIn(8) ? dice.Length(200) : dice.Few(4);
                byte[] nested =
                [
                    .. Enumerable.Repeat((byte)'[', depth),
                    .. own,
                    .. Enumerable.Repeat((byte)']', depth),
                ];
                return ByteMutator.Splice(bytes, place.Start, own.Length, nested);
            }
            default:
                return ByteMutator.Splice(bytes, place.ItemStart, 0, Member(dice.OneIn(2) ? file : other, dice));
        }
    }

    private static ReadOnlySpan<byte> Value(FuzzFile file, Dice dice)
    {
        List<Place> places = Places(file);
        if (places.Count == 0)
            return "0"u8;
        Place place = dice.Pick(places);
        return file.Bytes.AsSpan(place.Start, place.End - place.Start);
    }

    private static byte[] Member(FuzzFile file, Dice dice)
    {
        List<Place> members =
        [
            .. Places(file).Where(place => place.Kind == Kind.Value && place.ItemStart < place.Start),
        ];
        if (members.Count == 0)
            return "\"k\":1,"u8.ToArray();
        Place member = dice.Pick(members);
        return [.. file.Bytes.AsSpan(member.ItemStart, member.End - member.ItemStart), (byte)','];
    }

    private static byte[] Repeat(ReadOnlySpan<byte> bytes, Place place, int times)
    {
        ReadOnlySpan<byte> item = bytes[place.ItemStart..place.End];
        times = Math.Clamp(LargestGrown / Math.Max(1, item.Length), 1, times);
        byte[] more = new byte[times * (item.Length + 1)];
        for (int i = 0; i < times; i++)
        {
            item.CopyTo(more.AsSpan(i * (item.Length + 1)));
            more[((i + 1) * (item.Length + 1)) - 1] = (byte)',';
        }
        return place.ItemStart == 0 ? bytes.ToArray() : ByteMutator.Splice(bytes, place.ItemStart, 0, more);
    }

    // Removes an item with the comma after it, or the one before it when it is the last.
    private static byte[] Remove(ReadOnlySpan<byte> bytes, Place place)
    {
        int end = place.End,
            start = place.ItemStart;
        while (end < bytes.Length && bytes[end] is (byte)' ' or (byte)'\n')
            end++;
        if (end < bytes.Length && bytes[end] == (byte)',')
            end++;
        else
        {
            int before = start - 1;
            while (before > 0 && bytes[before] is (byte)' ' or (byte)'\n')
                before--;
            if (before > 0 && bytes[before] == (byte)',')
                start = before;
        }
        return ByteMutator.Splice(bytes, start, Math.Min(end, bytes.Length) - start, []);
    }

    // Positions of all keys and values; of a broken document, those before the error.
    private static List<Place> Places(FuzzFile file)
    {
        if (file.Structure is List<Place> known)
            return known;
        var places = new List<Place>();
        file.Structure = places;
        var reader = new Utf8JsonReader(
            file.Bytes,
            new JsonReaderOptions
            {
                CommentHandling = JsonCommentHandling.Skip,
                AllowTrailingCommas = true,
                MaxDepth = 500,
            }
        );
        var open = new Stack<(int Start, int ItemStart)>();
        int key = -1;
        try
        {
            while (reader.Read())
            {
                int start = (int)reader.TokenStartIndex,
                    end = (int)reader.BytesConsumed,
                    item = key >= 0 ? key : start;
                switch (reader.TokenType)
                {
                    case JsonTokenType.PropertyName:
                        places.Add(new Place(Kind.Key, start, start + reader.ValueSpan.Length + 2, start));
                        key = start;
                        continue;
                    case JsonTokenType.StartObject or JsonTokenType.StartArray:
                        open.Push((start, item));
                        break;
                    case JsonTokenType.EndObject or JsonTokenType.EndArray:
                        (int from, int itemFrom) = open.Pop();
                        places.Add(new Place(Kind.Value, from, end, itemFrom));
                        break;
                    default:
                        places.Add(new Place(Kind.Value, start, end, item));
                        break;
                }
                key = -1;
            }
        }
        catch (JsonException)
        {
            // The positions before the error are used.
        }
        return places;
    }
}
