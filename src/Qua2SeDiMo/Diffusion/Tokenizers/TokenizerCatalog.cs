using Qua2SeDiMo.Models;

namespace Qua2SeDiMo.Diffusion.Tokenizers;

/// <summary>
/// Opens tokenizers. The kind is decided by the class in model_index.json if it is concrete, else by that in
/// tokenizer_config.json if it is concrete, else by the model in tokenizer.json or the files present.
/// </summary>
internal static class TokenizerCatalog
{
    private const int LongestLength = 1 << 16;

    // Arguments: folder, length, and whether the class is concrete.
    private static readonly Dictionary<string, Func<TokenizerFolder, int, bool, ITokenizer>> Classes = new(
        StringComparer.Ordinal
    )
    {
        ["CLIPTokenizer"] = ClipTokenizer.Open,
        ["T5Tokenizer"] = UnigramTokenizer.Open,
        ["MT5Tokenizer"] = UnigramTokenizer.Open,
        ["BertTokenizer"] = WordPieceTokenizer.Open,
    };

    // Class names that are not concrete.
    private static readonly string[] Generic =
    [
        "",
        "AutoTokenizer",
        "PreTrainedTokenizer",
        "PreTrainedTokenizerBase",
        "PythonBackend",
        "TokenizersBackend",
    ];

    /// <summary>Opens a tokenizer folder in the layout of transformers.</summary>
    /// <param name="folder">Folder with tokenizer_config.json and the tokenizer's files.</param>
    /// <param name="maximumLength">Length to pad and truncate to, from 2 to 65,536; when null, the folder's
    /// model_max_length.</param>
    /// <param name="notes">Receives remarks for the user.</param>
    /// <exception cref="Q2Exception">The folder is incomplete, damaged or of an unsupported kind.</exception>
    public static ITokenizer Open(string folder, int? maximumLength = null, Notes? notes = null)
    {
        var files = new TokenizerFolder(folder, notes);
        return Open(
            files,
            "",
            maximumLength
                ?? files.Limit(LongestLength)
                ?? throw new TokenizerException(
                    $"{folder}: tokenizer_config.json states no model_max_length that a text can have, and no length was asked for."
                )
        );
    }

    /// <summary>Paths of the files that opening a tokenizer reads, in ordinal order.</summary>
    /// <param name="folder">Folder with tokenizer_config.json and the tokenizer's files.</param>
    /// <param name="className">Class in the pipeline's model_index.json; empty when there is none.</param>
    /// <exception cref="Q2Exception">The folder is incomplete, damaged or of an unsupported kind.</exception>
    public static IReadOnlyCollection<string> FilesOf(string folder, string className = "")
    {
        var files = new TokenizerFolder(folder);
        Open(files, className, LongestLength);
        return files.FilesRead;
    }

    /// <summary>Opens the tokenizer of a pipeline with a given length.</summary>
    /// <param name="component">The tokenizer's component.</param>
    /// <param name="length">Length to pad and truncate to, from 2 to 65,536.</param>
    /// <exception cref="Q2Exception">The folder is incomplete, damaged or of an unsupported kind.</exception>
    internal static ITokenizer Open(ModelComponent component, int length) =>
        Open(new TokenizerFolder(component.DirectoryPath, component.Notes), component.ClassName, length);

    /// <summary>Opens the tokenizer of a pipeline with the folder's model_max_length if the encoder supports it, else
    /// with the encoder's limit.</summary>
    /// <param name="component">The tokenizer's component.</param>
    /// <param name="most">Largest number of tokens of the encoder.</param>
    /// <exception cref="Q2Exception">The folder is incomplete, damaged or of an unsupported kind.</exception>
    internal static ITokenizer OpenWithin(ModelComponent component, int most)
    {
        var files = new TokenizerFolder(component.DirectoryPath, component.Notes);
        return Open(files, component.ClassName, files.Limit(most) ?? most);
    }

    private static ITokenizer Open(TokenizerFolder files, string className, int length)
    {
        if (length is < 2 or > LongestLength)
            throw new TokenizerException(
                $"{files.DirectoryPath}: texts of {length} tokens were asked for; 2 to {LongestLength} are possible."
            );
        foreach (string stated in new[] { className, files.ClassName })
        {
            string name = stated.EndsWith("Fast", StringComparison.Ordinal) ? stated[..^4] : stated;
            if (Classes.TryGetValue(name, out Func<TokenizerFolder, int, bool, ITokenizer>? open))
                return open(files, length, true);
            if (!Generic.Contains(name))
                throw Unsupported(files, $"tokenizer class '{stated}'");
        }
        return files.Json?.ModelType switch
        {
            "BPE" => ClipTokenizer.Open(files, length, false),
            "Unigram" => UnigramTokenizer.Open(files, length, false),
            "WordPiece" => WordPieceTokenizer.Open(files, length, false),
            { } other => throw Unsupported(files, $"a tokenizer.json with a model of type '{other}'"),
            null when files.Has("merges.txt") => ClipTokenizer.Open(files, length, true),
            null when files.Has("vocab.txt") => WordPieceTokenizer.Open(files, length, true),
            null when files.Has("spiece.model") => UnigramTokenizer.Open(files, length, true),
            null => throw Unsupported(
                files,
                "a folder that names no class and has neither tokenizer.json, merges.txt, vocab.txt nor spiece.model"
            ),
        };
    }

    private static TokenizerException Unsupported(TokenizerFolder files, string what) =>
        new(
            $"{files.DirectoryPath}: {what} is not supported; {string.Join(", ", Classes.Keys)} are, and a tokenizer.json with one of "
                + "their models."
        );
}
