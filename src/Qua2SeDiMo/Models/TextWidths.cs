using Qua2SeDiMo.Models.Configs;

namespace Qua2SeDiMo.Models;

/// <summary>Checks that the text encoders of a folder give embeddings of the widths that its denoiser takes.</summary>
internal static class TextWidths
{
    // Configuration key of the denoiser with a width, and the encoders whose widths add up to it.
    private static readonly Dictionary<string, (string Key, string[] Encoders)[]> Table = new(StringComparer.Ordinal)
    {
        ["FluxPipeline"] = [("joint_attention_dim", ["text_encoder_2"]), ("pooled_projection_dim", ["text_encoder"])],
        ["HunyuanDiTPipeline"] =
        [
            ("cross_attention_dim", ["text_encoder"]),
            ("cross_attention_dim_t5", ["text_encoder_2"]),
        ],
        ["PixArtAlphaPipeline"] = [("caption_channels", ["text_encoder"])],
        ["PixArtSigmaPipeline"] = [("caption_channels", ["text_encoder"])],
        ["StableDiffusion3Pipeline"] = [("joint_attention_dim", ["text_encoder_3"])],
        ["StableDiffusionPipeline"] = [("cross_attention_dim", ["text_encoder"])],
        ["StableDiffusionXLPipeline"] = [("cross_attention_dim", ["text_encoder", "text_encoder_2"])],
    };

    /// <summary>Message about encoders that do not match the denoiser; null when all match or a configuration does not
    /// state a width.</summary>
    /// <exception cref="ModelFolderException">A configuration is damaged.</exception>
    internal static string? Fault(ModelFolder folder)
    {
        if (!Table.TryGetValue(folder.PipelineClass, out (string Key, string[] Encoders)[]? rules))
            return null;
        ComponentConfig denoiser = folder.Denoiser.ReadConfig();
        // A denoiser that projects text embeddings takes a width other than that of its attention.
        if (denoiser.IntOrNull("encoder_hid_dim") is not null)
            return null;
        foreach ((string key, string[] encoders) in rules)
        {
            int?[] given =
            [
                .. encoders.Select(name =>
                    folder.Components.TryGetValue(name, out ModelComponent? encoder)
                        ? WidthOf(encoder.ReadConfig())
                        : null
                ),
            ];
            if (!denoiser[key].IsNumber || given.Contains(null))
                continue;
            int wanted = denoiser.Int(key),
                sum = given.Sum()!.Value;
            if (wanted == sum)
                continue;
            string sizes = string.Join(
                " and ",
                encoders.Zip(given, (name, width) => FormattableString.Invariant($"{name} gives {width}"))
            );
            return FormattableString.Invariant(
                    $"{denoiser.Source}: the denoiser takes text embeddings of width {wanted} ('{key}'), but {sizes}: "
                )
                + $"these do not belong together. Take {(encoders.Length == 1 ? "the encoder" : "both encoders")} "
                + "of the model that the denoiser is from.";
        }
        return null;
    }

    private static int? WidthOf(ComponentConfig encoder) =>
        encoder["d_model"].IsNumber ? encoder.Int("d_model")
        : encoder["hidden_size"].IsNumber ? encoder.Int("hidden_size")
        : null;
}
