using Qua2SeDiMo.Models.Configs;

namespace Qua2SeDiMo.Models.Known;

/// <summary>Known keys of <c>model_index.json</c>: a pipeline's components and settings.</summary>
internal static class PipelineKeys
{
    private const string Denoisers = "transformer unet";

    private static readonly Dictionary<string, string> Settings = new(StringComparer.Ordinal)
    {
        ["DiTPipeline"] = "id2label",
        ["StableDiffusionXLPipeline"] = "force_zeros_for_empty_prompt",
    };

    private static readonly IgnoredKeys[] Ignored =
    [
        new("pictures are not checked", "safety_checker", "feature_extractor", "requires_safety_checker"),
        new("pictures are no prompts here", "image_encoder"),
        new("pictures are not marked", "add_watermarker"),
    ];

    /// <summary>One table per pipeline class.</summary>
    public static IReadOnlyList<KnownKeys> All { get; } =
    [
        .. PipelineComponents.PipelineClasses.Select(name => new KnownKeys(
            [name],
            string.Join(
                ' ',
                [Denoisers, .. PipelineComponents.Of(name, _ => true)!, Settings.GetValueOrDefault(name, "")]
            )
        )
        {
            Ignored = Ignored,
        }),
    ];
}
