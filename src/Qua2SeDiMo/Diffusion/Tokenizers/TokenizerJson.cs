using Qua2SeDiMo.Json;

namespace Qua2SeDiMo.Diffusion.Tokenizers;

/// <summary>
/// A tokenizer.json of the library <c>tokenizers</c>: a model and the steps before and after it. When a folder names a
/// concrete class, that class determines the steps and only the model is read from here, as in transformers; otherwise
/// the steps stated here are followed, and an unsupported step is an error.
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

    /// <summary>The step that adds start and end tokens; a null value when there is none.</summary>
    public ForeignValue PostProcessor => root["post_processor"];

    /// <summary>Kind of the model: BPE, Unigram or WordPiece. Inferred from the members when older files do not state
    /// it.</summary>
    public string ModelType =>
        Model["type"].TextOrNull()
        ?? (
            Model["vocab"].IsList ? "Unigram"
            : Model.Has("merges") ? "BPE"
            : "WordPiece"
        );

    /// <summary>Added tokens, which are matched before a text is split into words.</summary>
    public IReadOnlyList<ForeignValue> AddedTokens => root["added_tokens"].IsNull ? [] : root["added_tokens"].Items;

    /// <summary>Normalization steps, in order.</summary>
    public IReadOnlyList<ForeignValue> Normalizers => [.. Flatten(root["normalizer"], "normalizers")];

    /// <summary>Steps that split a text into words, in order.</summary>
    public IReadOnlyList<ForeignValue> PreTokenizers => [.. Flatten(root["pre_tokenizer"], "pretokenizers")];

    /// <summary>The exception for a step that is not supported.</summary>
    public static JsonFileException Unsupported(ForeignValue step, string supported) =>
        step.Error($"{step.Excerpt()} is not supported; {supported}.");

    /// <summary>Checks that the model is of the kind that the class needs.</summary>
    public void RequireModel(string type)
    {
        if (ModelType != type)
            throw Model.Error($"a model of type '{ModelType}'; {type} is expected for this class of tokenizer.");
    }

    /// <summary>Checks that settings of the model have supported values.</summary>
    /// <param name="settings">Name of a setting and its supported values as JSON text.</param>
    public void RequireSettings(params (string Name, string[] Values)[] settings)
    {
        foreach ((string name, string[] values) in settings)
        {
            ForeignValue value = Model[name];
            if (!value.IsNull && !values.Contains(value.Excerpt()))
                throw Unsupported(value, $"'{name}' may be {string.Join(" or ", values)}");
        }
    }

    /// <summary>Token ids of a vocabulary that is a JSON object.</summary>
    public Dictionary<string, int> ReadVocabulary() => TokenizerFolder.Vocabulary(Model["vocab"]);

    /// <summary>Merges of a byte-pair model as "first second"; newer files hold pairs, older ones such
    /// strings.</summary>
    public string[] ReadMerges() =>
        [
            .. Model["merges"]
                .Items.Select(merge =>
                    merge.IsList ? string.Join(' ', merge.Items.Select(part => part.Text())) : merge.Text()
                ),
        ];

    /// <summary>Pieces of a unigram model with their scores; the index of a piece is its id.</summary>
    public List<(string Text, double Score)> ReadPieces() =>
        [
            .. Model["vocab"]
                .Items.Select(piece =>
                    piece.Items is [var text, var score]
                        ? (text.Text(), score.Number())
                        : throw piece.Fault("a text and its score")
                ),
        ];

    /// <summary>SentencePiece's table of character replacements from the first Precompiled normalizer; empty when there
    /// is none.</summary>
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
