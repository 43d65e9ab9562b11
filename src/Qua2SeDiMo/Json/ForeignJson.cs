using System.Text.Json;
using System.Text.Json.Nodes;
using Qua2SeDiMo.Storage;

namespace Qua2SeDiMo.Json;

/// <summary>
/// The one reader of JSON files that others wrote: configurations, indices, headers, tokenizers, graphs, allocations.
/// It reads as Python does, whose libraries wrote and will read them: of a repeated key the last counts (said in a
/// note), Infinity and NaN are numbers. Everything else that is wrong is an error that names the file and the place
/// inside it.
/// </summary>
internal static class ForeignJson
{
    /// <summary>Bytes that a document may have, unless the caller says otherwise.</summary>
    public const long MaximumBytes = 64L << 20;

    /// <summary>Lists and objects inside one another.</summary>
    public const int MaximumDepth = 64;

    private const int KeysInNote = 3;

    /// <summary>Reads a file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="notes">Gets a line for every repeated key; null to keep silent.</param>
    /// <param name="byHand">Whether people write such files, so that comments and commas before a closing bracket are
    /// no faults.</param>
    /// <exception cref="InputFileException">It is missing, no regular file, or too large.</exception>
    /// <exception cref="JsonFileException">It is not JSON.</exception>
    public static ForeignValue Read(string path, Notes? notes = null, bool byHand = false) =>
        Parse(RegularFile.ReadAllBytes(path, MaximumBytes), path, notes, byHand);

    /// <summary>Reads a document in memory.</summary>
    /// <param name="json">UTF-8, with or without a byte-order mark.</param>
    /// <param name="source">Names it in messages.</param>
    /// <param name="notes">Gets a line for every repeated key; null to keep silent.</param>
    /// <param name="byHand">Whether comments and commas before a closing bracket are no faults.</param>
    /// <param name="maximumDepth">Lists and objects inside one another; deeper documents are refused.</param>
    /// <exception cref="JsonFileException">It is not JSON.</exception>
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

    // Few documents hold Infinity or NaN, so they are looked for where the plain reading fails.
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

    // The nodes of numbers look into the document, so it is left to the collector.
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
