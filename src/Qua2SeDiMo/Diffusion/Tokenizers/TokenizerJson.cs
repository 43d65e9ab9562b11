using Qua2SeDiMo.Json;

namespace Qua2SeDiMo.Diffusion.Tokenizers;

/// <summary>
/// A tokenizer.json of the library <c>tokenizers</c>: a model and the steps around it. Where a folder names a concrete
/// class, that class knows its steps and takes the model alone from here, as in transformers; where it names none, the
/// steps stated here are followed, and one that is not known is an error by name.
/// </summary>
internal sealed class TokenizerJson
{
    /// <summary>Name of the file.</summary>
    public const string FileName = "tokenizer.json";

    private readonly ForeignValue root;

    public TokenizerJson(ForeignValue root)
    {
        this.root = root;
        RequireRight(root["padding"]);
        RequireRight(root["truncation"]);
    }

    /// <summary>The model: vocabulary, merges, scores.</summary>
    public ForeignValue Model => root["model"].IsNull ? throw root.Error("no 'model'.") : root["model"];

    /// <summary>What puts start and end tokens around a text; null for nothing.</summary>
    public ForeignValue PostProcessor => root["post_processor"];

    /// <summary>Kind of the model: BPE, Unigram or WordPiece. Older files leave it to be seen from what is
    /// there.</summary>
    public string ModelType =>
        Model["type"].TextOrNull()
        ?? (
            Model["vocab"].IsList ? "Unigram"
            : Model.Has("merges") ? "BPE"
            : "WordPiece"
        );

    /// <summary>Tokens that are found before words.</summary>
    public IReadOnlyList<ForeignValue> AddedTokens => root["added_tokens"].IsNull ? [] : root["added_tokens"].Items;

    /// <summary>Steps that normalize a text, in their order.</summary>
    public IReadOnlyList<ForeignValue> Normalizers => [.. Flatten(root["normalizer"], "normalizers")];

    /// <summary>Steps that cut a text into words, in their order.</summary>
    public IReadOnlyList<ForeignValue> PreTokenizers => [.. Flatten(root["pre_tokenizer"], "pretokenizers")];

    /// <summary>An error about a step that none of the supported tokenizers has.</summary>
    public static JsonFileException Unsupported(ForeignValue step, string supported) =>
        step.Error($"{step.Excerpt()} is not supported; {supported}.");

    /// <summary>Checks that the model is of the kind that the class needs.</summary>
    public void RequireModel(string type)
    {
        if (ModelType != type)
            throw Model.Error($"a model of type '{ModelType}'; {type} is expected for this class of tokenizer.");
    }

    /// <summary>Checks settings of the model that change its ids.</summary>
    /// <param name="settings">Name of a setting and the texts of values, as JSON, under which it changes
    /// nothing.</param>
    public void RequireSettings(params (string Name, string[] Values)[] settings)
    {
        foreach ((string name, string[] values) in settings)
        {
            ForeignValue value = Model[name];
            if (!value.IsNull && !values.Contains(value.Excerpt()))
                throw Unsupported(value, $"'{name}' may be {string.Join(" or ", values)}");
        }
    }

    /// <summary>Ids of a vocabulary that is an object.</summary>
    public Dictionary<string, int> ReadVocabulary() => TokenizerFolder.Vocabulary(Model["vocab"]);

    /// <summary>Merges of a byte-pair model, two words each; newer files hold pairs, older ones texts.</summary>
    public string[] ReadMerges() =>
        [
            .. Model["merges"]
                .Items.Select(merge =>
                    merge.IsList ? string.Join(' ', merge.Items.Select(part => part.Text())) : merge.Text()
                ),
        ];

    /// <summary>Pieces of a unigram model with their scores; a piece's place is its id.</summary>
    public List<(string Text, double Score)> ReadPieces() =>
        [
            .. Model["vocab"]
                .Items.Select(piece =>
                    piece.Items is [var text, var score]
                        ? (text.Text(), score.Number())
                        : throw piece.Fault("a text and its score")
                ),
        ];

    /// <summary>SentencePiece's table of character replacements, wherever it is among the normalizers; empty where
    /// there is none.</summary>
    public byte[] ReadCharacterMap()
    {
        ForeignValue map = Normalizers.FirstOrDefault(step =>
            step["type"].TextOrNull() == "Precompiled" && !step["precompiled_charsmap"].IsNull
        );
        if (!map.IsObject)
            return [];
        string base64 = map["precompiled_charsmap"].Text();
        byte[] bytes = new byte[base64.Length];
        return Convert.TryFromBase64String(base64, bytes, out int count)
            ? bytes[..count]
            : throw map["precompiled_charsmap"].Fault("base64");
    }

    private static IEnumerable<ForeignValue> Flatten(ForeignValue step, string members) =>
        step.IsNull ? []
        : step["type"].TextOrNull() == "Sequence" ? step[members].Items.SelectMany(inner => Flatten(inner, members))
        : [step];

    private static void RequireRight(ForeignValue setting)
    {
        if (!setting.IsNull && setting["direction"].TextOrNull() == "Left")
            throw Unsupported(setting["direction"], "texts are filled up and cut on the right");
    }
}
