using System.Buffers.Binary;
using System.Globalization;
using System.Text;

namespace Qua2SeDiMo.Diffusion.Tokenizers;

/// <summary>
/// SentencePiece's compiled character replacements (mostly Unicode compatibility forms): a double-array trie (Aoe,
/// 1989) over UTF-8 bytes that maps to replacement strings. It is applied as in the library <c>tokenizers</c>, whose
/// ids are the reference: a grapheme of fewer than six bytes is replaced as a whole by the replacement of its shortest
/// matching prefix; a longer one is replaced code point by code point.
/// </summary>
internal sealed class CharacterMap
{
    private const int LongestWhole = 5;
    private readonly uint[] units;
    private readonly byte[] replacements;

    /// <summary>Reads the compiled form: the trie's byte count, the trie, the replacements, each ended by a zero byte.
    /// Empty means no replacement.</summary>
    /// <exception cref="TokenizerException">The size of the trie does not fit the data.</exception>
    public CharacterMap(ReadOnlySpan<byte> compiled, string source)
    {
        (units, replacements) = ([], []);
        if (compiled.IsEmpty)
            return;
        uint size = compiled.Length >= 4 ? BinaryPrimitives.ReadUInt32LittleEndian(compiled) : uint.MaxValue;
        if (size > compiled.Length - 4 || size % 4 != 0)
            throw new TokenizerException(
                $"{source}: the character map claims a trie of {size} bytes in {compiled.Length}."
            );
        units = new uint[size / 4];
        for (int i = 0; i < units.Length; i++)
            units[i] = BinaryPrimitives.ReadUInt32LittleEndian(compiled[(4 + (4 * i))..]);
        replacements = compiled[(4 + (int)size)..].ToArray();
    }

    /// <summary>Replaces the characters of a text.</summary>
    public string Apply(string text)
    {
        if (units.Length == 0)
            return text;
        var result = new StringBuilder(text.Length);
        TextElementEnumerator elements = StringInfo.GetTextElementEnumerator(text);
        while (elements.MoveNext())
        {
            string element = elements.GetTextElement();
            if (Encoding.UTF8.GetByteCount(element) <= LongestWhole && Replacement(element) is { } whole)
            {
                result.Append(whole);
                continue;
            }
            foreach (Rune rune in element.EnumerateRunes())
                result.Append(Replacement(rune.ToString()) ?? rune.ToString());
        }
        return result.ToString();
    }

    private string? Replacement(string characters)
    {
        // Layout of a unit: bits 0–7 label; bit 8 has a leaf; bit 9 wide offset; bits 10–30 offset; bit 31 marks a
        // leaf, whose lower bits are the value.
        uint position = OffsetOf(units[0]);
        foreach (byte next in Encoding.UTF8.GetBytes(characters))
        {
            position ^= next;
            if (position >= units.Length)
                return null;
            uint unit = units[position];
            if ((unit & 0x800000ffu) != next)
                return null;
            position ^= OffsetOf(unit);
            if ((unit >> 8 & 1) == 0)
                continue;
            return position < units.Length ? TextAt(units[position] & 0x7fffffffu) : null;
        }
        return null;
    }

    private static uint OffsetOf(uint unit) => unit >> 10 << (int)((unit & 0x200) >> 6);

    private string? TextAt(uint start)
    {
        if (start >= replacements.Length)
            return null;
        ReadOnlySpan<byte> rest = replacements.AsSpan((int)start);
        int end = rest.IndexOf((byte)0);
        return Encoding.UTF8.GetString(end < 0 ? rest : rest[..end]);
    }
}
