using Qua2SeDiMo.Models;

namespace Qua2SeDiMo.Diffusion.Tokenizers;

/// <summary>All tokenizers, by the class name that their folder states or the files that it holds.</summary>
public static class TokenizerCatalog
{
    private const int LongestLength = 1 << 16;

    /// <summary>Opens a tokenizer folder in the layout of transformers.</summary>
    /// <param name="folder">Folder with tokenizer_config.json and the tokenizer's files.</param>
    /// <param name="maximumLength">Length to pad and truncate to, from 2 to 65,536; when null, the folder's model_max_length.</param>
    /// <param name="notes">Told of what a person should know.</param>
    /// <exception cref="TokenizerException">The folder is incomplete, damaged or of an unsupported kind.</exception>
    public static ITokenizer Open(string folder, int? maximumLength = null, Notes? notes = null)
    {
        return Open(new TokenizerFolder(folder, notes), maximumLength);
    }

    /// <summary>Paths of the files that make up a tokenizer: those that opening it reads, in ordinal order.</summary>
    /// <exception cref="TokenizerException">The folder is incomplete, damaged or of an unsupported kind.</exception>
    public static IReadOnlyCollection<string> FilesOf(string folder)
    {
        var files = new TokenizerFolder(folder);
        Open(files, LongestLength);
        return files.FilesRead;
    }

    private static ITokenizer Open(TokenizerFolder files, int? maximumLength)
    {
        string folder = files.DirectoryPath;
        int length = maximumLength ?? files.Int("model_max_length")
            ?? throw new TokenizerException($"{folder}: tokenizer_config.json states no model_max_length, and no length was asked for.");
        if (length is < 2 or > LongestLength) throw new TokenizerException($"{folder}: texts of {length} tokens were asked for; 2 to {LongestLength} are possible.");
        return files.ClassName switch
        {
            "CLIPTokenizer" => ClipTokenizer.Open(files, length),
            "T5Tokenizer" or "MT5Tokenizer" => UnigramTokenizer.Open(files, length),
            "BertTokenizer" => WordPieceTokenizer.Open(files, length),
            _ when files.Has("merges.txt") => ClipTokenizer.Open(files, length),
            _ when files.Has("vocab.txt") => WordPieceTokenizer.Open(files, length),
            _ when files.Has("spiece.model") => UnigramTokenizer.Open(files, length),
            _ => throw new TokenizerException($"{folder}: tokenizer class '{files.ClassName}' is not supported; CLIPTokenizer, T5Tokenizer and BertTokenizer are."),
        };
    }

    /// <summary>Opens the tokenizer of a pipeline.</summary>
    /// <param name="component">The component.</param>
    /// <param name="maximumLength">Length to pad and truncate to; when null, the folder's model_max_length.</param>
    /// <exception cref="TokenizerException">The folder is incomplete, damaged or of an unsupported kind.</exception>
    public static ITokenizer Open(ModelComponent component, int? maximumLength = null)
    {
        ArgumentNullException.ThrowIfNull(component);
        return Open(component.DirectoryPath, maximumLength, component.Notes);
    }
}
