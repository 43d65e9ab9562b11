using Google.Protobuf;
using Qua2SeDiMo.Diffusion.Tokenizers.Schema;

namespace Qua2SeDiMo.Diffusion.Tokenizers;

/// <summary>One entry of a SentencePiece vocabulary.</summary>
internal readonly record struct SentencePiece(string Text, float Score);

/// <summary>The parts of a <c>spiece.model</c> that a unigram tokenizer needs.</summary>
/// <param name="Pieces">All pieces; the index of a piece is its id.</param>
/// <param name="UnknownId">Id of the unknown piece.</param>
/// <param name="FallsBackToBytes">Whether unknown characters are encoded as byte tokens.</param>
/// <param name="CharacterMap">The compiled table of character replacements; empty when there is none.</param>
internal sealed record SentencePieceModel(
    IReadOnlyList<SentencePiece> Pieces,
    int UnknownId,
    bool FallsBackToBytes,
    byte[] CharacterMap
)
{
    private const int UnigramType = 1;

    // The largest known vocabularies have 256,000. An empty piece takes two bytes of the file and fifty of memory, so
    // pieces are counted before parsing.
    internal const int MaxPieces = 2_000_000;

    /// <summary>Parses a model.</summary>
    /// <exception cref="TokenizerException">The content is damaged, is not a unigram model, or has too many
    /// pieces.</exception>
    public static SentencePieceModel Parse(byte[] content, string source)
    {
        PieceModel model;
        try
        {
            RequireFewPieces(content, source);
            model = PieceModel.Parser.WithDiscardUnknownFields(true).ParseFrom(content);
        }
        catch (InvalidProtocolBufferException error)
        {
            throw new TokenizerException($"{source}: not a SentencePiece model, or cut off: {error.Message}", error);
        }
        Trainer trainer = model.Trainer ?? new Trainer();
        int type = trainer.HasModelType ? trainer.ModelType : UnigramType;
        if (type != UnigramType)
            throw new TokenizerException(
                $"{source}: a SentencePiece model of type {type}; only unigram models (type 1) are supported."
            );
        if (model.Pieces.Count == 0)
            throw new TokenizerException($"{source}: a SentencePiece model without pieces.");
        if (trainer.UnknownId < 0 || trainer.UnknownId >= model.Pieces.Count)
            throw new TokenizerException(
                $"{source}: the unknown piece {trainer.UnknownId} is not among the {model.Pieces.Count} pieces."
            );
        return new SentencePieceModel(
            [.. model.Pieces.Select(piece => new SentencePiece(piece.Text.ToStringUtf8(), piece.Score))],
            trainer.UnknownId,
            trainer.ByteFallback,
            model.Normalizer?.CharacterMap.ToByteArray() ?? []
        );
    }

    private static void RequireFewPieces(byte[] content, string source)
    {
        var input = new CodedInputStream(content);
        int pieces = 0;
        while (input.ReadTag() is not 0 and var tag)
        {
            if (WireFormat.GetTagFieldNumber(tag) == PieceModel.PiecesFieldNumber && ++pieces > MaxPieces)
                throw new TokenizerException(
                    $"{source}: a SentencePiece model of more than {MaxPieces:#,0} pieces, which no tokenizer has."
                );
            input.SkipLastField();
        }
    }
}
