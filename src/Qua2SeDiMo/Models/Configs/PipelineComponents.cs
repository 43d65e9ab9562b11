namespace Qua2SeDiMo.Models.Configs;

/// <summary>The components that each supported pipeline class reads besides its denoiser. Other components of a folder
/// are not needed.</summary>
internal static class PipelineComponents
{
    private static readonly string[] Always = ["scheduler", "vae"];
    private static readonly string[] OneText = [.. Always, "text_encoder", "tokenizer"];
    private static readonly string[] TwoTexts = [.. OneText, "text_encoder_2", "tokenizer_2"];

    private static readonly Dictionary<string, string[]> Table = new(StringComparer.Ordinal)
    {
        ["DiTPipeline"] = Always,
        ["FluxPipeline"] = TwoTexts,
        ["HunyuanDiTPipeline"] = TwoTexts,
        ["PixArtAlphaPipeline"] = OneText,
        ["PixArtSigmaPipeline"] = OneText,
        ["StableDiffusion3Pipeline"] = TwoTexts,
        ["StableDiffusionPipeline"] = OneText,
        ["StableDiffusionXLPipeline"] = TwoTexts,
    };

    // Read only when the index names the encoder; an entry [null, null] means that the pipeline runs without it.
    private static readonly Dictionary<string, (string Encoder, string Tokenizer)> Optional = new(
        StringComparer.Ordinal
    )
    {
        ["StableDiffusion3Pipeline"] = ("text_encoder_3", "tokenizer_3"),
    };

    /// <summary>The supported pipeline classes.</summary>
    public static IReadOnlyCollection<string> PipelineClasses => Table.Keys;

    /// <summary>
    /// Names of the components that a pipeline class reads besides its denoiser; null for an unsupported class.
    /// </summary>
    /// <param name="pipelineClass">For instance <c>StableDiffusionPipeline</c>.</param>
    /// <param name="isNamed">Whether the folder's index names a component with a class.</param>
    public static IReadOnlyList<string>? Of(string pipelineClass, Func<string, bool> isNamed)
    {
        ArgumentNullException.ThrowIfNull(isNamed);
        if (!Table.TryGetValue(pipelineClass, out string[]? names))
            return null;
        return Optional.TryGetValue(pipelineClass, out (string Encoder, string Tokenizer) more) && isNamed(more.Encoder)
            ? [.. names, more.Encoder, more.Tokenizer]
            : names;
    }
}
