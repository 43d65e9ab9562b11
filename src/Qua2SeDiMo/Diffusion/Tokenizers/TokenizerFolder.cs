using System.IO.Compression;
using Qua2SeDiMo.Json;

namespace Qua2SeDiMo.Diffusion.Tokenizers;

/// <summary>The files of one tokenizer, read within limits; NAME.gz stands in for NAME.</summary>
internal sealed class TokenizerFolder
{
    private const int MaximumBytes = 64 << 20;

    private readonly Notes? notes;
    private readonly ForeignValue config;
    private readonly ForeignValue specialTokens;
    private readonly SortedSet<string> filesRead = new(StringComparer.Ordinal);

    public TokenizerFolder(string path, Notes? notes = null)
    {
        this.notes = notes;
        if (!Directory.Exists(path)) throw new TokenizerException($"{path}: there is no such folder.");
        DirectoryPath = path;
        config = ReadConfig("tokenizer_config.json");
        specialTokens = ReadConfig("special_tokens_map.json");
    }

    public string DirectoryPath { get; }

    /// <summary>Paths of the files that were read so far, in ordinal order.</summary>
    public IReadOnlyCollection<string> FilesRead => filesRead;

    /// <summary><c>tokenizer_class</c> without the ending of the fast variants; empty when not stated.</summary>
    public string ClassName
    {
        get
        {
            string name = Text(config["tokenizer_class"]) ?? "";
            return name.EndsWith("Fast", StringComparison.Ordinal) ? name[..^4] : name;
        }
    }

    /// <summary>A whole number of tokenizer_config.json, or null.</summary>
    public int? Int(string key) => config[key].TryInt(out int number) ? number : null;

    /// <summary>A count of tokenizer_config.json, or null when it is missing.</summary>
    /// <exception cref="JsonFileException">It is no integer from 0 to <paramref name="most"/>.</exception>
    public int? Count(string key, int most) => config[key].IntOrNull() is not { } count ? null
        : count >= 0 && count <= most ? count : throw config[key].Fault($"0 to {most:#,0}");

    /// <summary>A flag of tokenizer_config.json, or null.</summary>
    public bool? Flag(string key) => config[key] is { IsFlag: true } flag ? flag.Flag() : null;

    /// <summary>A special token, for instance pad_token, as text.</summary>
    public string SpecialToken(string key, string defaultToken) => Text(config[key]) ?? Text(specialTokens[key]) ?? defaultToken;

    /// <summary>Special tokens without a role: additional_special_tokens, or extra_special_tokens as newer files call them.</summary>
    public IReadOnlyList<string> AdditionalSpecialTokens =>
        [.. new[] { "additional_special_tokens", "extra_special_tokens" }.SelectMany(key => Listed(config[key].IsNull ? specialTokens[key] : config[key])).Select(Text).OfType<string>()];

    public bool Has(string name) => File.Exists(PathOf(name)) || File.Exists(PathOf(name) + ".gz");

    /// <summary>A file's bytes, at most 64 MiB of them.</summary>
    public byte[] ReadBytes(string name)
    {
        string path = PathOf(name);
        if (!Has(name)) throw new TokenizerException($"{path}: there is no such file, and the tokenizer cannot work without it.");
        string found = File.Exists(path) ? path : path + ".gz";
        filesRead.Add(found);
        // A file without bytes may be a pipe; what is read of it is nothing either way.
        if (RegularFile.Length(found) == 0) return [];
        using Stream file = RegularFile.Open(found);
        using Stream source = File.Exists(path) ? file : new GZipStream(file, CompressionMode.Decompress);
        using var content = new MemoryStream();
        byte[] buffer = new byte[1 << 16];
        try
        {
            for (int read; (read = source.Read(buffer)) > 0;)
            {
                content.Write(buffer.AsSpan(0, read));
                if (content.Length > MaximumBytes) throw new TokenizerException($"{path}: larger than {MaximumBytes >> 20} MiB, which no tokenizer file is.");
            }
        }
        catch (InvalidDataException error)
        {
            throw new TokenizerException($"{path}.gz: not gzip data: {error.Message}", error);
        }
        return content.ToArray();
    }

    /// <summary>A file's lines, read as UTF-8.</summary>
    public string[] ReadLines(string name) => System.Text.Encoding.UTF8.GetString(ReadBytes(name)).Split('\n').Select(line => line.TrimEnd('\r')).ToArray();

    /// <summary>A JSON file that maps tokens to ids.</summary>
    public Dictionary<string, int> ReadVocabulary(string name) => Vocabulary(ReadJson(name));

    /// <summary>A JSON file of the folder.</summary>
    public ForeignValue ReadJson(string name) => ForeignJson.Parse(ReadBytes(name), PathOf(name), notes);

    /// <summary>
    /// Vocabulary and merges of a byte-pair tokenizer: those of tokenizer.json where it is there, as transformers prefers it; vocab.json and
    /// merges.txt beside it may be of another training.
    /// </summary>
    public (Dictionary<string, int> Vocabulary, string[] Merges) ReadBytePairs()
    {
        if (!Has("tokenizer.json"))
        {
            return (ReadVocabulary("vocab.json"), [.. ReadLines("merges.txt").Where(line => line.Length > 0 && !line.StartsWith("#version", StringComparison.Ordinal))]);
        }
        ForeignValue model = ReadJson("tokenizer.json")["model"];
        return (Vocabulary(model["vocab"]), [.. model["merges"].Items.Select(Merge)]);

        // Newer files hold pairs, older ones two words in one text.
        static string Merge(ForeignValue merge) => merge.IsList ? string.Join(' ', merge.Items.Select(part => part.Text())) : merge.Text();
    }

    private static Dictionary<string, int> Vocabulary(ForeignValue vocabulary)
    {
        var ids = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach ((string token, ForeignValue id) in vocabulary.Members) ids.Add(token, id.Int() is >= 0 and var value ? value : throw id.Fault("an id, 0 or more"));
        return ids;
    }

    private static IReadOnlyList<ForeignValue> Listed(ForeignValue value) => value.IsList ? value.Items : [];

    private ForeignValue ReadConfig(string name)
    {
        if (!File.Exists(PathOf(name))) return ForeignJson.Parse("{}"u8.ToArray(), PathOf(name));
        filesRead.Add(PathOf(name));
        ForeignValue value = ForeignJson.Read(PathOf(name), notes);
        return value.IsObject ? value : throw value.Fault("a JSON object");
    }

    private string PathOf(string name) => Path.Combine(DirectoryPath, name);

    private static string? Text(ForeignValue value) => (value.IsObject ? value["content"] : value) is { IsText: true } text ? text.Text() : null;
}
