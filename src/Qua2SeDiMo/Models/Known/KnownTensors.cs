using System.Text.RegularExpressions;

namespace Qua2SeDiMo.Models.Known;

/// <summary>Tensors whose presence means that the weights are not plain numbers, for instance that they are
/// quantized.</summary>
/// <param name="Finding">What their presence means, as a sentence without a full stop.</param>
/// <param name="Pattern">Regular expression for their names.</param>
/// <param name="Advice">Remedy for the user.</param>
/// <param name="OnlyUnread">Whether they are allowed in models that read them.</param>
internal sealed record TensorMark(string Finding, string Pattern, string Advice, bool OnlyUnread = false)
{
    private readonly Regex names = new(Pattern, RegexOptions.CultureInvariant | RegexOptions.NonBacktracking);

    /// <summary>Whether a tensor's name matches.</summary>
    public bool Matches(string tensorName) => names.IsMatch(tensorName);
}

/// <summary>Tensors that are not read and do not affect the results.</summary>
/// <param name="Why">The reason.</param>
/// <param name="Pattern">Regular expression for their names.</param>
/// <param name="ClassNames">Classes for which this holds; all classes when empty.</param>
internal sealed record HarmlessTensors(string Why, string Pattern, params IReadOnlyList<string> ClassNames)
{
    private readonly Regex names = new(Pattern, RegexOptions.CultureInvariant | RegexOptions.NonBacktracking);

    /// <summary>Whether a tensor of a model of a class matches.</summary>
    public bool Matches(string className, string tensorName) =>
        (ClassNames.Count == 0 || ClassNames.Contains(className)) && names.IsMatch(tensorName);
}

/// <summary>Known tensors other than the weights that models read. docs/inputs.md is generated from these
/// tables.</summary>
internal static class KnownTensors
{
    /// <summary>Remedy for weights that are already quantized.</summary>
    public const string GiveOriginal = "give the original model, in half or single precision; q2 quantizes it itself";

    private const string Undo = "remove it in PyTorch, which folds it into the weights, and save the model again";

    /// <summary>Configuration keys whose presence means that the weights are not plain numbers.</summary>
    public static IReadOnlyList<string> QuantizationKeys { get; } =
    ["quantization_config", "compression_config", "quantization"];

    /// <summary>A scale stored with its weight: applied to 8-bit floats, rejected for other types.</summary>
    public static TensorMark Scales { get; } =
        new(
            "the weights are stored with scales",
            @"(?:^|\.)(?:weight_scale|weight_scale_inv|weight_scale_2|scale_weight|comfy_quant)$",
            GiveOriginal
        );

    /// <summary>Tensors that mark weights which are not plain numbers.</summary>
    public static IReadOnlyList<TensorMark> Marks { get; } =
    [
        new(
            "the weights are quantized by bitsandbytes",
            @"\.(?:SCB|weight_format|absmax|quant_map|nested_absmax|nested_quant_map)$|\.quant_state\.",
            GiveOriginal
        ),
        new("the weights are quantized by GPTQ or AWQ", @"\.(?:qweight|qzeros|g_idx|scales)$", GiveOriginal),
        new("the weights are quantized by quanto", @"\._(?:data|scale|shift)$", GiveOriginal),
        new(
            "the weights are quantized by torchao",
            @"weight(?::|_)(?:qdata|_data)$|weight:(?:scale|zero_point)$",
            GiveOriginal
        ),
        new(
            "the weights are quantized by compressed-tensors",
            @"\.weight_(?:packed|zero_point|shape|g_idx)$",
            GiveOriginal
        ),
        new(
            "the weights are quantized by Nunchaku",
            @"\.(?:smooth_factor|smooth_factor_orig|wscales|wtscale|wzeros)$",
            GiveOriginal
        ),
        new(
            "the file has LoRA tensors",
            @"(?:^|[._])(?:lora|loha|lokr|dora)(?:[._A-Z]|$)|\.hada_w|\.base_layer\.",
            "merge them (fuse_lora of diffusers, merge_and_unload of peft), save the model and give that"
        ),
        new(
            "the file has IP-Adapter tensors",
            @"_ip\.weight$|(?:^|\.)image_proj\.|(?:^|\.)ip_adapter\.",
            "give the model without the adapter, which takes pictures as prompts"
        ),
        new(
            "the file has motion modules",
            @"(?:^|\.)motion_modules\.",
            "give an image model; videos are not made here"
        ),
        new("weights are pruned by masks", @"\.weight_(?:orig|mask)$", Undo),
        new("weights are reparametrized", @"\.parametrizations\.|\.weight_[gv]$", Undo),
        new(
            "the checkpoint has guidance embeddings that the configuration does not mention",
            @"(?:^|\.)(?:cond_proj|guidance_embedder|guidance_embedding|guidance_in)\.",
            "a model distilled to one pass takes its guidance as an input: restore the config.json that belongs "
                + "to it (time_cond_proj_dim or guidance_embeds)",
            OnlyUnread: true
        ),
    ];

    /// <summary>Tensors that may be ignored.</summary>
    public static IReadOnlyList<HarmlessTensors> Harmless { get; } =
    [
        new("numbers from 0 on", @"(?:^|\.)position_ids$"),
        new("a mark of 8-bit floats, which their types show as well", @"(?:^|\.)scaled_fp8$"),
        new("a counter of training", @"(?:^|\.)num_batches_tracked$"),
        new("computed from the configuration", @"(?:^|\.)inv_freq$|^pos_embed\.pos_embed$"),
        new(
            "of the other tower",
            @"^vision_model\.|^visual_projection\.|^logit_scale$",
            "CLIPTextModel",
            "CLIPTextModelWithProjection"
        ),
        new("of a class with projection", @"^text_projection\.", "CLIPTextModel"),
        new(
            "of the other tower",
            @"^text_model\.|^text_projection\.|^logit_scale$",
            "CLIPVisionModel",
            "CLIPVisionModelWithProjection"
        ),
        new("of a class with projection", @"^visual_projection\.", "CLIPVisionModel"),
        new("of scoring pairs", @"^logit_scale$", "CLIPModel"),
        new(
            "of the decoder, which is not run",
            @"^decoder\.|^lm_head\.",
            [.. EncoderKeys.All.First(keys => keys.ClassNames[0] == "T5EncoderModel").ClassNames]
        ),
        new(
            "the same as the other name of the embedding",
            @"^encoder\.embed_tokens\.weight$|^shared\.weight$",
            [.. EncoderKeys.All.First(keys => keys.ClassNames[0] == "T5EncoderModel").ClassNames]
        ),
        new(
            "of heads that are not run",
            @"(?:^|\.)pooler\.|^cls\.",
            [.. EncoderKeys.All.First(keys => keys.ClassNames[0] == "BertModel").ClassNames]
        ),
    ];

    /// <summary>Whether an unread tensor of a model of a class may be ignored.</summary>
    public static bool IsHarmless(string className, string tensorName) =>
        Harmless.Any(known => known.Matches(className, tensorName));
}
