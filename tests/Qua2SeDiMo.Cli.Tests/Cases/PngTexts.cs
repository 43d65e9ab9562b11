using System.Buffers.Binary;
using System.Text;

namespace Qua2SeDiMo.Cli.Tests.Cases;

/// <summary>Reads the texts of a PNG file as image tools do; implemented from the PNG specification, independent of the
/// library.</summary>
internal static class PngTexts
{
    /// <summary>Reads the texts by keyword.</summary>
    /// <exception cref="InvalidDataException">The file violates the specification.</exception>
    internal static Dictionary<string, string> Read(string path)
    {
        byte[] file = File.ReadAllBytes(path);
        var texts = new Dictionary<string, string>();
        var kinds = new List<string>();
        for (int at = 8; at < file.Length; )
        {
            int length = BinaryPrimitives.ReadInt32BigEndian(file.AsSpan(at));
            ReadOnlySpan<byte> chunk = file.AsSpan(at + 4, length + 4);
            if (Checksum(chunk) != BinaryPrimitives.ReadUInt32BigEndian(file.AsSpan(at + 8 + length)))
                throw new InvalidDataException($"{path}: checksum at {at}");
            string kind = Encoding.ASCII.GetString(chunk[..4]);
            kinds.Add(kind);
            ReadOnlySpan<byte> data = chunk[4..];
            int end = data.IndexOf((byte)0);
            if (kind == "tEXt")
                texts.Add(Encoding.Latin1.GetString(data[..end]), Encoding.Latin1.GetString(data[(end + 1)..]));
            if (kind == "iTXt")
                texts.Add(Encoding.Latin1.GetString(data[..end]), Encoding.UTF8.GetString(data[(end + 5)..]));
            at += length + 12;
        }
        if (kinds[0] != "IHDR" || kinds[^1] != "IEND")
            throw new InvalidDataException($"{path}: {string.Join(' ', kinds)}");
        return texts;
    }

    private static uint Checksum(ReadOnlySpan<byte> bytes)
    {
        uint sum = uint.MaxValue;
        foreach (byte value in bytes)
        {
            sum ^= value;
            for (int bit = 0; bit < 8; bit++)
                sum = (sum >> 1) ^ ((sum & 1) * 0xEDB88320u);
        }
        return ~sum;
    }
}
