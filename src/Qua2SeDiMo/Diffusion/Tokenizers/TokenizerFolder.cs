using System.IO.Compression;
using Qua2SeDiMo.Json;
using Qua2SeDiMo.Storage;

namespace Qua2SeDiMo.Diffusion.Tokenizers;

/// <summary>Reads the files of one tokenizer, at most 64 MiB each; NAME.gz is read when NAME is missing.</summary>
internal sealed class TokenizerFolder
{
    internal const int MaximumBytes = 64 << 20;

    private static readonly string[] Roles = ["additional_special_tokens", "extra_special_tokens"];

    private readonly Notes? notes;
    private readonly ForeignValue specialTokens;
    private readonly Lazy<TokenizerJson?> json;
    private readonly SortedSet<string> filesRead = new(StringComparer.Ordinal);

    public TokenizerFolder(string path, Notes? notes = null)
    {
        this.notes = notes;
        if (!Directory.Exists(path))
            throw new TokenizerException($"{path}: there is no such folder.");
        DirectoryPath = path;
        Config = ReadConfig("tokenizer_config.json");
        specialTokens = ReadConfig("special_tokens_map.json");
        json = new Lazy<TokenizerJson?>(() =>
            Has(TokenizerJson.FileName) ? new TokenizerJson(ReadJson(TokenizerJson.FileName)) : null
        );
        foreach (string side in new[] { "padding_side", "truncation_side" })
        {
            if (Config[side].TextOrNull() is { } stated && stated != "right")
                throw Config[side].Error($"'{stated}' is not supported; texts are filled up and cut on the right.");
        }
        if (Config["split_special_tokens"].FlagOrNull() == true)
            throw Config["split_special_tokens"]
                .Error("true is not supported; special tokens in a text are never split.");
    }

    public string DirectoryPath { get; }

    /// <summary>Paths of the files that were read so far, in ordinal order.</summary>
    public IReadOnlyCollection<string> FilesRead => filesRead;

    /// <summary>tokenizer_config.json; an empty object when there is no such file.</summary>
    public ForeignValue Config { get; }

    /// <summary>tokenizer.json; null when there is no such file.</summary>
    public TokenizerJson? Json => json.Value;

    /// <summary><c>tokenizer_class</c>; empty when not stated.</summary>
    public string ClassName => Config["tokenizer_class"].TextOrNull() ?? "";

    /// <summary>
    /// <c>model_max_length</c>; null when it is not stated or larger than the encoder's limit: transformers writes 1e30
    /// for no limit, and some files state more than the encoder has positions for.
    /// </summary>
    /// <param name="most">Largest number of tokens of the encoder.</param>
    /// <exception cref="JsonFileException">The value is not a whole number of at least 2.</exception>
    public int? Limit(int most)
    {
        ForeignValue stated = Config["model_max_length"];
        if (stated.IsNull)
            return null;
        double length = stated.Number();
        if (length > most)
            return null;
        return length >= 2 && length == Math.Floor(length)
            ? (int)length
            : throw stated.Error($"{stated.Excerpt()} is no number of tokens; 2 or more are expected.");
    }

    /// <summary>A special token, for instance pad_token, as text.</summary>
    public string SpecialToken(string key, string defaultToken) =>
        Text(Config[key]) ?? Text(specialTokens[key]) ?? defaultToken;

    /// <summary>Special tokens without a role: additional_special_tokens, named extra_special_tokens in newer
    /// files.</summary>
    public IReadOnlyList<string> AdditionalSpecialTokens =>
        [.. Roles.SelectMany(key => Listed(Config[key].IsNull ? specialTokens[key] : Config[key]))];

    /// <summary>All special tokens: those with a role that the vocabulary contains, and those that the files
    /// list.</summary>
    public IEnumerable<string> SpecialTokens(
        IReadOnlyDictionary<string, int> vocabulary,
        params IEnumerable<string> roles
    ) => roles.Where(vocabulary.ContainsKey).Concat(AdditionalSpecialTokens);

    public bool Has(string name) => File.Exists(PathOf(name)) || File.Exists(PathOf(name) + ".gz");

    /// <summary>Reads a file; throws when it is missing, larger than 64 MiB or a placeholder of a file store.</summary>
    public byte[] ReadBytes(string name)
    {
        string path = PathOf(name);
        if (!Has(name))
            throw new TokenizerException($"{path}: there is no such file, and the tokenizer cannot work without it.");
        string found = File.Exists(path) ? path : path + ".gz";
        filesRead.Add(found);
        using Stream file = RegularFile.Open(found);
        using Stream source = File.Exists(path) ? file : new GZipStream(file, CompressionMode.Decompress);
        using var content = new MemoryStream();
        byte[] buffer = new byte[1 << 16];
        try
        {
            for (int read; (read = source.Read(buffer)) > 0; )
            {
                content.Write(buffer.AsSpan(0, read));
                if (content.Length > MaximumBytes)
                    throw new TokenizerException(
                        $"{path}: larger than {MaximumBytes >> 20} MiB, which no tokenizer file is."
                    );
            }
        }
        catch (InvalidDataException error)
        {
            throw new TokenizerException($"{path}.gz: not gzip data: {error.Message}", error);
        }
        byte[] bytes = content.ToArray();
        return ForeignContent.Placeholder(bytes) is not { } placeholder
            ? bytes
            : throw new TokenizerException($"{found}: {placeholder}");
    }

    /// <summary>Reads the lines of a UTF-8 file.</summary>
    public string[] ReadLines(string name) =>
        System.Text.Encoding.UTF8.GetString(ReadBytes(name)).Split('\n').Select(line => line.TrimEnd('\r')).ToArray();

    /// <summary>Reads a JSON file that maps tokens to ids.</summary>
    public Dictionary<string, int> ReadVocabulary(string name) => Vocabulary(ReadJson(name));

    /// <summary>Token ids from a JSON object.</summary>
    public static Dictionary<string, int> Vocabulary(ForeignValue vocabulary)
    {
        var ids = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach ((string token, ForeignValue id) in vocabulary.Members)
            ids.Add(token, id.Int() is >= 0 and var value ? value : throw id.Fault("an id, 0 or more"));
        return ids;
    }

    /// <summary>Reads a JSON file.</summary>
    public ForeignValue ReadJson(string name) => ForeignJson.Parse(ReadBytes(name), PathOf(name), notes);

    private ForeignValue ReadConfig(string name)
    {
        ForeignValue value = Has(name) ? ReadJson(name) : ForeignJson.Parse("{}"u8.ToArray(), PathOf(name));
        return value.IsObject ? value : throw value.Fault("a JSON object");
    }

    private string PathOf(string name) => Path.Combine(DirectoryPath, name);

    // The tokens of a list, or the values of an object of named tokens.
    private static IEnumerable<string> Listed(ForeignValue tokens) => (
            tokens.IsObject ? tokens.Members.Select(member => member.Value)
            : tokens.IsList ? tokens.Items
            : []
        ).Select(Text).OfType<string>();

    private static string? Text(ForeignValue token) =>
        (token.IsObject ? token["content"] : token) is { IsText: true } text ? text.Text() : null;
}
