using System.Text.Json;
using System.Text.Json.Nodes;
using Qua2SeDiMo.Storage;

namespace Qua2SeDiMo.Json;

/// <summary>
/// Reads all JSON files from other programs and from users: configurations, indices, headers, tokenizers, graphs,
/// allocations. It follows Python, whose libraries write and read most of them: the last of repeated keys counts
/// (reported by a note), and Infinity and NaN are numbers. Any other mistake is an error that names the file and the
/// path inside it.
/// </summary>
internal static class ForeignJson
{
    /// <summary>Largest size of a file, in bytes.</summary>
    public const long MaximumBytes = 64L << 20;

    /// <summary>Default limit of the nesting of lists and objects.</summary>
    public const int MaximumDepth = 64;

    private const int KeysInNote = 3;

    /// <summary>Reads a file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="notes">Receives a note on repeated keys; null to ignore them.</param>
    /// <param name="byHand">Whether users write such files by hand, so that comments and trailing commas are
    /// allowed.</param>
    /// <exception cref="InputFileException">The file is missing, not a regular file, or too large.</exception>
    /// <exception cref="JsonFileException">The content is not valid JSON.</exception>
    public static ForeignValue Read(string path, Notes? notes = null, bool byHand = false) =>
        Parse(RegularFile.ReadAllBytes(path, MaximumBytes), path, notes, byHand);

    /// <summary>Reads a document in memory.</summary>
    /// <param name="json">UTF-8, with or without a byte-order mark.</param>
    /// <param name="source">Name of the document in messages.</param>
    /// <param name="notes">Receives a note on repeated keys; null to ignore them.</param>
    /// <param name="byHand">Whether comments and trailing commas are allowed.</param>
    /// <param name="maximumDepth">Largest nesting of lists and objects; deeper documents are rejected.</param>
    /// <exception cref="JsonFileException">The content is not valid JSON.</exception>
    public static ForeignValue Parse(
        ReadOnlyMemory<byte> json,
        string source,
        Notes? notes = null,
        bool byHand = false,
        int maximumDepth = MaximumDepth
    )
    {
        if (json.Span.StartsWith("\uFEFF"u8))
            json = json[3..];
        if (json.Span.Trim(" \t\r\n"u8).IsEmpty)
            throw new JsonFileException(source, $"the file is empty (or no regular file); JSON is expected.");
        if (ForeignContent.Placeholder(json.Span) is { } placeholder)
            throw new JsonFileException(source, placeholder);
        var options = new JsonDocumentOptions
        {
            MaxDepth = maximumDepth,
            AllowTrailingCommas = byHand,
            CommentHandling = byHand ? JsonCommentHandling.Skip : JsonCommentHandling.Disallow,
        };
        try
        {
            return Build(JsonDocument.Parse(json, options), source, notes, isReplaced: false);
        }
        catch (JsonException error)
        {
            return Retry(json, source, notes, options, error);
        }
    }

    // Few documents contain Infinity or NaN, so these are only replaced after plain parsing has failed.
    private static ForeignValue Retry(
        ReadOnlyMemory<byte> json,
        string source,
        Notes? notes,
        JsonDocumentOptions options,
        JsonException first
    )
    {
        if (PythonNumbers.Replace(json.Span) is not { } replaced)
            throw new JsonFileException(source, $"not valid JSON: {first.Message}", first);
        try
        {
            return Build(JsonDocument.Parse(replaced, options), source, notes, isReplaced: true);
        }
        catch (JsonException error)
        {
            throw new JsonFileException(source, $"not valid JSON: {error.Message}", error);
        }
    }

    // Nodes of numbers refer to the document, so it is not disposed of but left to the garbage collector.
    private static ForeignValue Build(JsonDocument document, string source, Notes? notes, bool isReplaced)
    {
        var builder = new TreeBuilder(source, isReplaced);
        JsonNode? root = builder.Build(document.RootElement);
        if (builder.KeysThatStandTwice is { Count: > 0 } twice)
        {
            string named =
                string.Join(", ", twice.Take(KeysInNote).Select(key => $"'{key}'"))
                + (twice.Count > KeysInNote ? $" and {twice.Count - KeysInNote} more" : "");
            notes?.Add(
                $"{source}: {named} {(twice.Count == 1 ? "stands" : "stand")} more than once; the last one counts, as in Python."
            );
        }
        return new ForeignValue(source, root);
    }
}
