using System.Text.Json;
using System.Text.Json.Nodes;
using Qua2SeDiMo.Models;
using Qua2SeDiMo.Models.Configs;
using Qua2SeDiMo.Models.Known;

namespace Qua2SeDiMo.Architectures;

/// <summary>Rejects checkpoints whose weights are not plain numbers (quantized, scaled, with adapters), or that have
/// inputs which the configuration lacks.</summary>
internal static class CheckpointCheck
{
    private const string WeightSuffix = "weight";

    // The quantization method whose scale tensors are applied; all others store integers, or scales per block.
    private const string AppliedMethod = "fp8";

    /// <summary>Checks names of tensors and the configuration, before the model is built.</summary>
    /// <exception cref="ArchitectureException">The weights are not plain numbers.</exception>
    internal static void OfMarks(ComponentConfig config, ITensorSource tensors)
    {
        string[] keys =
        [
            .. KnownTensors.QuantizationKeys.Where(key => IsSet(config.Value(key)) && !IsApplied(config, key)),
        ];
        foreach (TensorMark mark in KnownTensors.Marks.Where(mark => !mark.OnlyUnread))
        {
            string[] names = [.. tensors.Tensors.Keys.Where(mark.Matches)];
            if (names.Length > 0)
                throw Refusal(
                    tensors,
                    mark.Finding,
                    [.. keys.Select(key => Found(config, key)), Found(names)],
                    mark.Advice
                );
        }
        // Applied scales are no longer listed as tensors. A scale that does not fit its weight sets the weight's Fault,
        // which gives a more precise error when the model is built.
        string[] scales =
        [
            .. tensors.Tensors.Keys.Where(name =>
                KnownTensors.Scales.Matches(name) && WeightOf(name, tensors)?.Fault is null
            ),
        ];
        if (keys.Length > 0)
        {
            string method =
                config.Value(keys[0]) is JsonObject settings
                && settings["quant_method"] is JsonValue value
                && value.GetValueKind() == JsonValueKind.String
                    ? $" by {value}"
                    : "";
            throw Refusal(
                tensors,
                $"the weights are quantized{method}",
                [
                    .. keys.Select(key => Found(config, key)),
                    .. scales.Length > 0 ? [Found(scales)] : Array.Empty<string>(),
                ],
                KnownTensors.GiveOriginal
            );
        }
        if (scales.Length > 0)
            throw Refusal(tensors, KnownTensors.Scales.Finding, [Found(scales)], KnownTensors.Scales.Advice);
    }

    /// <summary>Checks, after the model was built, for unread tensors that should have affected it.</summary>
    /// <exception cref="ArchitectureException">There are such tensors.</exception>
    internal static void OfUse(AskedTensors tensors)
    {
        IReadOnlyList<TensorInfo> unread = tensors.Unread;
        foreach (TensorMark mark in KnownTensors.Marks.Where(mark => mark.OnlyUnread))
        {
            string[] names = [.. unread.Select(tensor => tensor.Name).Where(mark.Matches)];
            if (names.Length > 0)
                throw Refusal(tensors, mark.Finding, [Found(names)], mark.Advice);
        }
    }

    private static bool IsSet(JsonNode? value) =>
        value is not (null or JsonObject { Count: 0 }) && value.GetValueKind() != JsonValueKind.False;

    private static bool IsApplied(ComponentConfig config, string key) =>
        config.Value(key) is JsonObject settings
        && (settings["quant_method"] as JsonValue)?.ToString() == AppliedMethod
        && settings["weight_block_size"] is null;

    // The weight of a scale is in the same module.
    private static TensorInfo? WeightOf(string scale, ITensorSource tensors) =>
        tensors.Tensors.GetValueOrDefault(scale[..(scale.LastIndexOf('.') + 1)] + WeightSuffix);

    private static string Found(ComponentConfig config, string key) => $"{key} in {Path.GetFileName(config.Source)}";

    private static string Found(string[] names) =>
        names.Length == 1 ? $"tensor '{names[0]}'" : $"{names.Length} tensors such as '{names[0]}'";

    private static ArchitectureException Refusal(
        ITensorSource tensors,
        string finding,
        string[] found,
        string advice
    ) => new($"{tensors}: {finding} ({string.Join(", ", found)}); {advice}.");
}
