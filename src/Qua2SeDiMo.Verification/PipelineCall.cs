using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Qua2SeDiMo.Diffusion;
using Qua2SeDiMo.Models.Configs;

namespace Qua2SeDiMo.Verification;

/// <summary>The arguments with which a reference was made, named as in the pipeline's <c>__call__</c>. An unsupported
/// argument is an error, since the results would not be comparable.</summary>
internal sealed class PipelineCall
{
    // Arguments that are accepted only with the value that has no effect.
    private static readonly Dictionary<string, string> Neutral = new(StringComparer.Ordinal)
    {
        ["clean_caption"] = "false",
        ["eta"] = "0",
        ["guidance_rescale"] = "0",
        ["num_images_per_prompt"] = "1",
        ["use_resolution_binning"] = "false",
    };

    private static readonly string[] Understood =
    [
        "class_labels",
        "crops_coords_top_left",
        "guidance_scale",
        "height",
        "max_sequence_length",
        "negative_crops_coords_top_left",
        "negative_original_size",
        "negative_prompt",
        "negative_target_size",
        "num_inference_steps",
        "original_size",
        "prompt",
        "target_size",
        "width",
    ];

    // Default guidance scales of the pipeline classes.
    private static readonly Dictionary<string, double> GuidanceScales = new(StringComparer.Ordinal)
    {
        ["DiTPipeline"] = 4,
        ["FluxPipeline"] = 3.5,
        ["HunyuanDiTPipeline"] = 5,
        ["PixArtAlphaPipeline"] = 4.5,
        ["PixArtSigmaPipeline"] = 4.5,
        ["StableDiffusion3Pipeline"] = 7,
        ["StableDiffusionPipeline"] = 7.5,
        ["StableDiffusionXLPipeline"] = 5,
    };

    private readonly ComponentConfig arguments;

    /// <param name="arguments">The member <c>call</c> of a reference's description.</param>
    /// <param name="pipelineClass">Class of the pipeline.</param>
    /// <exception cref="VerificationException">An argument, or its value, is not supported.</exception>
    internal PipelineCall(ComponentConfig arguments, string pipelineClass)
    {
        this.arguments = arguments;
        foreach ((string name, JsonNode? value) in arguments.Root)
        {
            if (value is null || Understood.Contains(name))
                continue;
            if (!Neutral.TryGetValue(name, out string? neutral))
                throw new VerificationException(
                    $"{arguments.Source}: argument '{name}' is not understood; what it changed in the reference is unknown."
                );
            if (!JsonNode.DeepEquals(value, JsonNode.Parse(neutral)) && !IsNumber(value, neutral))
                throw new VerificationException(
                    $"{arguments.Source}: argument '{name}' is {value.ToJsonString()}; only {neutral} is supported."
                );
        }
        Request = new GenerationRequest
        {
            StepCount = arguments.Int("num_inference_steps"),
            GuidanceScale =
                arguments.NumberOrNull("guidance_scale") ?? GuidanceScales.GetValueOrDefault(pipelineClass, 1),
            NegativePrompts = Texts("negative_prompt"),
            Height = arguments.IntOrNull("height"),
            Width = arguments.IntOrNull("width"),
            Sizes = Sizes(),
        };
    }

    /// <summary>Steps, guidance, negative prompts and sizes of the call.</summary>
    internal GenerationRequest Request { get; }

    /// <summary>Prompts, or class numbers.</summary>
    internal IReadOnlyList<string> Prompts =>
        arguments.Has("class_labels")
            ? [.. arguments.Ints("class_labels")!.Select(label => $"{label}")]
            : Texts("prompt");

    /// <summary>Tokens per text; null for the pipeline's default.</summary>
    internal int? TextLength => arguments.IntOrNull("max_sequence_length");

    private IReadOnlyList<string> Texts(string key) =>
        arguments.Root[key] is JsonArray ? arguments.Strings(key)
        : arguments.TextOrNull(key) is { } text ? [text]
        : [];

    private SizeConditions? Sizes()
    {
        var sizes = new SizeConditions
        {
            OriginalSize = Size("original_size"),
            Crop = Crop("crops_coords_top_left"),
            TargetSize = Size("target_size"),
            NegativeOriginalSize = Size("negative_original_size"),
            NegativeCrop = Crop("negative_crops_coords_top_left"),
            NegativeTargetSize = Size("negative_target_size"),
        };
        return sizes.IsEmpty ? null : sizes;
    }

    private PixelSize? Size(string key) => Pair(key) is { } pair ? new PixelSize(pair.First, pair.Second) : null;

    private CropOffset? Crop(string key) => Pair(key) is { } pair ? new CropOffset(pair.First, pair.Second) : null;

    private (int First, int Second)? Pair(string key) =>
        arguments.Root[key] switch
        {
            null => null,
            JsonArray { Count: 2 } when arguments.Ints(key) is [var first, var second] => (first, second),
            var other => throw new VerificationException(
                $"{arguments.Source}: argument '{key}' is {other.ToJsonString()}; two integers are " + "expected."
            ),
        };

    private static bool IsNumber(JsonNode value, string neutral) =>
        value.GetValueKind() == JsonValueKind.Number
        && double.TryParse(neutral, CultureInfo.InvariantCulture, out double number)
        && value.GetValue<double>() == number;
}
