using System.Globalization;
using System.Text.Json.Nodes;
using Qua2SeDiMo.Inference;

namespace Qua2SeDiMo.Diffusion;

/// <summary>
/// DiT: prompts are classes, given by number or by a name from <c>model_index.json</c>; the unconditional half of
/// guidance uses an extra class that means "no class", and the conditional half of the batch comes first. Source:
/// DiTPipeline of diffusers.
/// </summary>
internal sealed class DiTFamily : IPipelineFamily
{
    private readonly int classCount;
    private readonly Dictionary<string, long> classes = new(StringComparer.OrdinalIgnoreCase);

    internal DiTFamily(PipelineParts parts)
    {
        classCount = parts.Folder.Denoiser.ReadConfig().Int("num_embeds_ada_norm", 1000);
        foreach ((string number, JsonNode? names) in parts.Folder.Index["id2label"] as JsonObject ?? [])
        {
            if (
                !long.TryParse(number, CultureInfo.InvariantCulture, out long id)
                || names is not JsonValue value
                || !value.TryGetValue(out string? text)
            )
                continue;
            foreach (string name in text.Split(',', StringSplitOptions.TrimEntries))
                classes.TryAdd(name, id);
        }
    }

    public bool ConditionalFirst => true;

    public bool TakesNegativePrompts => false;

    public string WithoutNegativePrompts =>
        "it is given classes, and guidance steers away from the class that stands for none";

    public IReadOnlyList<TextEncoder> Encoders => [];

    public Conditioning Encode(IReadOnlyList<string> texts, TextRole role, PixelSize size, GenerationRequest request) =>
        new(
            new Dictionary<string, TensorValue>
            {
                ["class_labels"] = TensorValue.Of(
                    [.. texts.Select(text => role == TextRole.Negative ? classCount : ClassOf(text))],
                    texts.Count
                ),
            }
        );

    public void Dispose() { }

    private long ClassOf(string text)
    {
        if (long.TryParse(text, CultureInfo.InvariantCulture, out long number) && number >= 0 && number < classCount)
            return number;
        return classes.TryGetValue(text.Trim(), out long named)
            ? named
            : throw new GenerationException(
                $"'{text}' is no class of this model. A prompt is a number from 0 to "
                    + $"{classCount - 1}{(classes.Count > 0 ? $" or a class name such as '{classes.Keys.First()}'" : "")}."
            );
    }
}
