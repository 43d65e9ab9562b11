using System.Buffers.Binary;
using System.Text;

namespace Qua2SeDiMo.Diffusion.Tokenizers;

/// <summary>One entry of a SentencePiece vocabulary.</summary>
internal readonly record struct SentencePiece(string Text, float Score);

/// <summary>
/// The few fields of a <c>spiece.model</c> that a unigram tokenizer needs. The file is one protocol-buffers message;
/// its wire format is read here directly, since five fields do not justify a schema, and every length is checked
/// against the bytes that are there.
/// </summary>
internal sealed class SentencePieceModel
{
    private const int UnigramType = 1;

    private SentencePieceModel() { }

    /// <summary>All pieces; a piece's place is its id.</summary>
    public List<SentencePiece> Pieces { get; } = [];

    /// <summary>Id of the unknown piece.</summary>
    public int UnknownId { get; private set; }

    /// <summary>Whether unknown characters are spelled as bytes.</summary>
    public bool FallsBackToBytes { get; private set; }

    /// <summary>The compiled table of character replacements; empty when there is none.</summary>
    public byte[] CharacterMap { get; private set; } = [];

    /// <summary>Parses a model.</summary>
    /// <exception cref="TokenizerException">Damaged, or not a unigram model.</exception>
    public static SentencePieceModel Parse(byte[] content, string source)
    {
        var model = new SentencePieceModel();
        int type = UnigramType;
        try
        {
            ReadFields(
                content,
                (field, value, bytes) =>
                {
                    if (field == 1)
                        model.Pieces.Add(ReadPiece(content.AsSpan(bytes)));
                    if (field == 2)
                        type = model.ReadTrainer(content.AsSpan(bytes).ToArray(), type);
                    if (field == 3)
                        model.ReadNormalizer(content.AsSpan(bytes).ToArray());
                }
            );
        }
        catch (InvalidDataException error)
        {
            throw new TokenizerException($"{source}: not a SentencePiece model: {error.Message}", error);
        }
        if (type != UnigramType)
            throw new TokenizerException(
                $"{source}: a SentencePiece model of type {type}; only unigram models (type 1) are supported."
            );
        if (model.Pieces.Count == 0)
            throw new TokenizerException($"{source}: a SentencePiece model without pieces.");
        if (model.UnknownId < 0 || model.UnknownId >= model.Pieces.Count)
            throw new TokenizerException(
                $"{source}: the unknown piece {model.UnknownId} is not among the {model.Pieces.Count} pieces."
            );
        return model;
    }

    private static SentencePiece ReadPiece(ReadOnlySpan<byte> content)
    {
        byte[] message = content.ToArray();
        string text = "";
        float score = 0;
        ReadFields(
            message,
            (field, value, bytes) =>
            {
                if (field == 1)
                    text = Encoding.UTF8.GetString(message, bytes.Start.Value, bytes.End.Value - bytes.Start.Value);
                if (field == 2)
                    score = BitConverter.UInt32BitsToSingle((uint)value);
            }
        );
        return new SentencePiece(text, score);
    }

    private int ReadTrainer(byte[] message, int type)
    {
        ReadFields(
            message,
            (field, value, bytes) =>
            {
                if (field == 3)
                    type = (int)value;
                if (field == 35)
                    FallsBackToBytes = value != 0;
                if (field == 40)
                    UnknownId = (int)value;
            }
        );
        return type;
    }

    private void ReadNormalizer(byte[] message) =>
        ReadFields(
            message,
            (field, value, bytes) =>
            {
                if (field == 2)
                    CharacterMap = message[bytes];
            }
        );

    // Calls back with the number, the value (for varints and fixed widths) and the range (for length-delimited data) of
    // each field.
    private static void ReadFields(ReadOnlySpan<byte> message, Action<int, ulong, Range> onField)
    {
        int position = 0;
        while (position < message.Length)
        {
            ulong key = ReadVarint(message, ref position);
            int field = (int)(key >> 3);
            switch (key & 7)
            {
                case 0:
                    onField(field, ReadVarint(message, ref position), default);
                    break;
                case 1:
                    onField(field, BinaryPrimitives.ReadUInt64LittleEndian(Take(message, ref position, 8)), default);
                    break;
                case 2:
                    ulong length = ReadVarint(message, ref position);
                    if (length > (ulong)(message.Length - position))
                        throw new InvalidDataException(
                            $"field {field} claims {length} bytes of the {message.Length - position} left"
                        );
                    onField(field, 0, position..(position + (int)length));
                    position += (int)length;
                    break;
                case 5:
                    onField(field, BinaryPrimitives.ReadUInt32LittleEndian(Take(message, ref position, 4)), default);
                    break;
                default:
                    throw new InvalidDataException($"field {field} has the unknown wire type {key & 7}");
            }
        }
    }

    private static ReadOnlySpan<byte> Take(ReadOnlySpan<byte> message, ref int position, int length)
    {
        if (message.Length - position < length)
            throw new InvalidDataException("it ends within a field");
        position += length;
        return message.Slice(position - length, length);
    }

    private static ulong ReadVarint(ReadOnlySpan<byte> message, ref int position)
    {
        ulong value = 0;
        for (int shift = 0; shift < 64; shift += 7)
        {
            if (position >= message.Length)
                throw new InvalidDataException("it ends within a number");
            byte next = message[position++];
            value |= (ulong)(next & 0x7f) << shift;
            if (next < 0x80)
                return value;
        }
        throw new InvalidDataException("a number is longer than 64 bits");
    }
}
