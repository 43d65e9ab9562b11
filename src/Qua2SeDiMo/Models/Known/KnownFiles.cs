using System.Text.RegularExpressions;
using Qua2SeDiMo.Models.Configs;

namespace Qua2SeDiMo.Models.Known;

/// <summary>Files that are not read and may be ignored, with the reason.</summary>
/// <param name="Why">The reason.</param>
/// <param name="Words">Description of the files, for docs/inputs.md.</param>
/// <param name="Pattern">Regular expression for their names; a folder's name ends in a slash.</param>
internal sealed record HarmlessFiles(string Why, string Words, string Pattern)
{
    private readonly Regex names = new(
        Pattern,
        RegexOptions.CultureInvariant | RegexOptions.NonBacktracking | RegexOptions.IgnoreCase
    );

    /// <summary>Whether a file name matches.</summary>
    public bool Matches(string name) => names.IsMatch(name);
}

/// <summary>Known files that <see cref="ComponentFiles"/> does not read. docs/inputs.md is generated from these
/// tables.</summary>
internal static class KnownFiles
{
    /// <summary>File that makes transformers add an adapter to the weights in the same folder.</summary>
    public const string AdapterConfig = "adapter_config.json";

    /// <summary>Harmless files of a component's folder.</summary>
    public static IReadOnlyList<HarmlessFiles> OfComponent { get; } =
    [
        new(
            "another copy of the weights that are read",
            "other variants and shards under the names of weights",
            @"^(?:diffusion_pytorch_model|model)[.-].*safetensors(?:\..*)?$"
        ),
        new(
            "pickled copies, which can run code when opened",
            "`*.bin`, `*.pt`, `*.pth`, `*.ckpt` under the names of weights",
            @"^(?:diffusion_pytorch_model|pytorch_model|model)\b.*\.(?:bin|pt|pth|ckpt|bin\.index.*\.json)$"
        ),
        new(
            "copies for other runtimes",
            "`*.msgpack`, `*.h5`, `*.ot`, `*.onnx`, `*.onnx_data`, `*.xml`, `openvino_*`",
            @"\.(?:msgpack|msgpack\.index\.json|h5|ot|onnx|onnx_data|onnx\.data|xml)$|^openvino_"
        ),
        new(
            "documentation",
            "`README*`, `LICENSE*`, `*.md`, pictures",
            @"^(?:readme|license|licence|notice|changelog)|\.(?:md|png|jpg|jpeg|webp|gif|svg)$"
        ),
        new(
            "of generating text or of other tasks",
            "`generation_config.json`, `preprocessor_config.json`, `chat_template.*`",
            @"^(?:generation_config|preprocessor_config|chat_template)\b"
        ),
        new(
            "left over from training",
            "`optimizer*`, `training_args*`, `trainer_state*`, `random_states*`",
            @"^(?:optimizer|training_args|trainer_state|random_states|rng_state)"
        ),
    ];

    /// <summary>Weights beside <c>model_index.json</c> that are not part of the pipeline unless loaded explicitly; they
    /// are reported.</summary>
    public static HarmlessFiles LooseAdapters { get; } =
        new(
            "not part of the pipeline until it is loaded",
            "adapters and embeddings beside `model_index.json` (`*lora*`, `*adapter*`, `learned_embeds*`)",
            @"(?:lora|adapter|learned_embed|textual_inversion).*\.(?:safetensors|bin|pt)$"
        );

    /// <summary>Files of a component that are neither read nor known, which are reported.</summary>
    public static IReadOnlyList<string> Unknown(IEnumerable<string> unread) =>
        [.. unread.Where(name => !OfComponent.Any(known => known.Matches(name)))];

    /// <summary>Rejects a folder with an adapter that transformers would apply.</summary>
    /// <exception cref="ModelFolderException">The folder contains such an adapter.</exception>
    public static void Check(string directory)
    {
        if (File.Exists(Path.Combine(directory, AdapterConfig)))
        {
            throw new ModelFolderException(
                $"{directory}: the folder has an adapter ({AdapterConfig}), which transformers adds to "
                    + "them when it opens the folder; "
                    + "merge it (merge_and_unload of peft), save the model and give that."
            );
        }
    }
}
