using System.Buffers.Binary;
using System.IO.Hashing;
using System.Text;

namespace Qua2SeDiMo.Images;

/// <summary>A text chunk of a PNG file (PNG specification, third edition, section 11.3.3): <c>tEXt</c>, which every
/// reader supports, if Latin-1 can represent the text, else <c>iTXt</c>.</summary>
/// <param name="Keyword">Keyword of the chunk: 1 to 79 letters, digits and spaces.</param>
/// <param name="Text">The text, with line feeds between its lines.</param>
internal sealed record PngText(string Keyword, string Text)
{
    // Length of the signature and IHDR, which is always the first chunk and of fixed length.
    private const int HeaderLength = 8 + 12 + 13;

    /// <summary>Returns the file with text chunks inserted before the pixels, so that readers find them without
    /// decoding.</summary>
    /// <param name="png">A PNG file.</param>
    /// <param name="texts">Texts to insert.</param>
    public static byte[] Insert(ReadOnlySpan<byte> png, IReadOnlyList<PngText> texts)
    {
        ArgumentNullException.ThrowIfNull(texts);
        using var file = new MemoryStream(png.Length + 1024);
        file.Write(png[..HeaderLength]);
        foreach (PngText text in texts)
            text.WriteChunk(file);
        file.Write(png[HeaderLength..]);
        return file.ToArray();
    }

    private void WriteChunk(Stream file)
    {
        // A zero byte terminates the keyword, so the text must not contain one.
        string text = Text.ReplaceLineEndings("\n").Replace('\0', '\uFFFD');
        bool isLatin = text.All(letter => letter is '\n' or (>= ' ' and <= '~') or (>= '\u00A1' and <= '\u00FF'));
        byte[] data = isLatin
            ? [.. "tEXt"u8, .. Encoding.Latin1.GetBytes(Keyword), 0, .. Encoding.Latin1.GetBytes(text)]
            // Not compressed, language and translated keyword empty.
            : [.. "iTXt"u8, .. Encoding.Latin1.GetBytes(Keyword), 0, 0, 0, 0, 0, .. Encoding.UTF8.GetBytes(text)];
        Span<byte> number = stackalloc byte[4];
        BinaryPrimitives.WriteInt32BigEndian(number, data.Length - 4);
        file.Write(number);
        file.Write(data);
        BinaryPrimitives.WriteUInt32BigEndian(number, Crc32.HashToUInt32(data));
        file.Write(number);
    }
}
