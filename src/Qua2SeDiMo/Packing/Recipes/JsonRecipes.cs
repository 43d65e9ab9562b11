using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Qua2SeDiMo.Graphs.Ir;

namespace Qua2SeDiMo.Packing.Recipes;

/// <summary>Recipes for tools that read JSON. docs/formats.md names the source of each syntax.</summary>
internal static class JsonRecipes
{
    // Bits of palettes that the Apple tool supports, and the number of weights below which it does not palettize a
    // tensor.
    private static readonly int[] AppleBits = [1, 2, 4, 6, 8];
    private const int AppleSmallest = 100_000;
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    /// <summary>SDNQ: <c>modules_dtype_dict</c> maps types to parameter names. Unsigned types have a zero point; group
    /// size −1 means one scale per channel.</summary>
    internal static Recipe Sdnq(IReadOnlyList<RecipeTensor> tensors)
    {
        var types = new JsonObject();
        foreach (
            IGrouping<string, RecipeTensor> group in tensors
                .Where(tensor => tensor.Spec is not null)
                .GroupBy(SdnqType)
                .OrderBy(group => group.Key, StringComparer.Ordinal)
        )
        {
            types.Add(group.Key, Names(group.Select(tensor => tensor.Module + ".weight")));
        }
        int raised = tensors.Count(tensor => tensor.Spec is { Bits: < 4 } && tensor.Operator != WeightOperator.Linear);
        var root = new JsonObject
        {
            ["weights_dtype"] = "uint4",
            ["group_size"] = -1,
            ["quant_conv"] = tensors.Any(tensor => tensor.Spec is not null && tensor.Operator != WeightOperator.Linear),
            ["add_skip_keys"] = false,
            ["modules_dtype_dict"] = types,
            ["modules_to_not_convert"] = Names(
                tensors.Where(tensor => tensor.Spec is null).Select(tensor => tensor.Module + ".weight")
            ),
        };
        return new Recipe(
            "SDNQ",
            "sdnq.json",
            Text(root),
            "SDNQConfig(**json.load(open(\"sdnq.json\"))) as quantization_config of the denoiser",
            [
                "No free palettes: K-Means C and K-Means A become uniform steps per output channel.",
                "Steps are found from minimum and maximum, without UAQ's search for a narrower range.",
                $"{raised} convolutions of fewer than 4 bits get 4: the tool has no narrower ones.",
                "Per-token 8-bit activations are a switch of the tool (use_quantized_matmul), not of a recipe; 6 bits are not offered.",
            ]
        );
    }

    /// <summary>ComfyUI: layer name → format in the file's <c>_quantization_metadata</c>.</summary>
    internal static Recipe ComfyUI(IReadOnlyList<RecipeTensor> tensors, IReadOnlyDictionary<string, string> names)
    {
        RecipeTensor[] covered = [.. tensors.Where(IsComfy)];
        var layers = new JsonObject(
            covered.Select(tensor =>
                KeyValuePair.Create(names[tensor.Module], (JsonNode?)new JsonObject { ["format"] = "nvfp4" })
            )
        );
        var root = new JsonObject
        {
            ["_quantization_metadata"] = new JsonObject { ["format_version"] = "1.0", ["layers"] = layers },
        };
        return new Recipe(
            "ComfyUI",
            "comfyui-quantization-metadata.json",
            Text(root),
            "metadata of a safetensors checkpoint whose listed layers a converter has quantized to these formats",
            [
                "No integer type of 3 or 4 bits and no palettes: the nearest is nvfp4, a 4-bit float in blocks "
                    + "of 16 inputs with 8-bit scales (4.5 bits).",
                $"{tensors.Count(tensor => tensor.Spec?.Bits == 3)} tensors of 3 bits therefore take 4.5. The "
                    + "metadata only describe: the weights have to be quantized by a converter.",
                $"{tensors.Count(tensor => tensor.Spec is not null) - covered.Length} tensors are left out: "
                    + "convolutions, and matrices whose extents are no multiples of 16.",
            ]
        );
    }

    /// <summary>NVIDIA Model Optimizer: <c>quant_cfg</c> is an ordered list of entries with wildcards over quantizer
    /// names; the last match wins.</summary>
    internal static Recipe ModelOpt(IReadOnlyList<RecipeTensor> tensors)
    {
        var entries = new JsonArray(new JsonObject { ["quantizer_name"] = "*", ["enable"] = false });
        foreach (RecipeTensor tensor in tensors.Where(tensor => tensor.Spec is not null))
        {
            entries.Add(
                (JsonNode)
                    new JsonObject
                    {
                        ["quantizer_name"] = tensor.Module + ".weight_quantizer",
                        ["cfg"] = new JsonObject { ["num_bits"] = tensor.Spec!.Bits, ["axis"] = 0 },
                    }
            );
        }
        return new Recipe(
            "Model Optimizer",
            "modelopt-quant-cfg.json",
            Text(new JsonObject { ["quant_cfg"] = entries, ["algorithm"] = "max" }),
            "mtq.quantize(denoiser, json.load(open(\"modelopt-quant-cfg.json\")), forward_loop=None)",
            [
                "No free palettes and no zero point: every option becomes symmetric steps per output channel, "
                    + "found from the largest magnitude.",
                "3-bit integers can be simulated, not exported to a kernel.",
                "Input quantizers stay off: JSON cannot hold the integer keys of their dynamic per-token form.",
            ]
        );
    }

    /// <summary>Microsoft Olive: default bits, and <c>overrides</c> by module. It supports 2, 4 and 8 bits.</summary>
    internal static Recipe Olive(IReadOnlyList<RecipeTensor> tensors)
    {
        RecipeTensor[] matrices = [.. tensors.Where(tensor => tensor.Operator == WeightOperator.Linear)];
        var overrides = new JsonObject();
        foreach (
            RecipeTensor tensor in matrices.Where(tensor => tensor.Spec is not null && OliveBits(tensor.Spec.Bits) != 4)
        )
        {
            overrides.Add(tensor.Module, new JsonObject { ["bits"] = OliveBits(tensor.Spec!.Bits) });
        }
        var root = new JsonObject
        {
            ["bits"] = 4,
            ["symmetric"] = false,
            ["group_size"] = -1,
            ["modules_to_not_convert"] = Names(
                matrices.Where(tensor => tensor.Spec is null).Select(tensor => tensor.Module)
            ),
            ["overrides"] = overrides,
        };
        return new Recipe(
            "Olive",
            "olive-quantization.json",
            Text(root),
            "quantization_config of a model that Olive quantizes, or the same keys of its Rtn and Gptq passes",
            [
                "No free palettes: all become uniform steps with a zero point per output channel (group size −1).",
                $"2, 4 and 8 bits exist: {matrices.Count(tensor => tensor.Spec?.Bits == 3)} matrices of 3 bits "
                    + "get 4. Of a plan of 3 and 4 bits that leaves 4 bits everywhere.",
                $"{tensors.Count(tensor => tensor.Spec is not null && tensor.Operator != WeightOperator.Linear)} "
                    + "convolutions are not quantized by the tool.",
            ]
        );
    }

    /// <summary>Apple's mixed-bit palettization: <c>recipes</c> of module name → palette bits, applied to a Core ML
    /// U-Net.</summary>
    internal static Recipe Apple(IReadOnlyList<RecipeTensor> tensors, string modelName, double averageBits)
    {
        RecipeTensor[] listed = [.. tensors.Where(tensor => tensor.ElementCount >= AppleSmallest)];
        string name = string.Create(CultureInfo.InvariantCulture, $"q2_{averageBits:0.00}_bits");
        var recipe = new JsonObject(
            listed.Select(tensor =>
                KeyValuePair.Create(tensor.Module, (JsonNode?)JsonValue.Create(AppleBitsOf(tensor)))
            )
        );
        var root = new JsonObject
        {
            ["model_version"] = modelName,
            ["recipes"] = new JsonObject { [name] = recipe },
        };
        return new Recipe(
            "Core ML mixed-bit palettization",
            "apple-mixed-bit.json",
            Text(root),
            "python -m python_coreml_stable_diffusion.mixed_bit_compression_apply --mlpackage-path "
                + $"UNET.mlpackage --pre-analysis-json-path apple-mixed-bit.json --selected-recipe {name} -o OUT",
            [
                "One palette per tensor, found by k-means: K-Means A as it is; K-Means C and UAQ lose their palettes per channel.",
                $"Palettes have 1, 2, 4, 6 or 8 bits: {listed.Count(tensor => tensor.Spec?.Bits == 3)} tensors of 3 bits get 4.",
                $"{tensors.Count - listed.Length} tensors of fewer than {AppleSmallest:#,0} weights are left out: "
                    + "the tool keeps them at 16 bits.",
                "`model_version` must become the name under which the tool finds the pipeline; it knows U-Nets only.",
            ]
        );
    }

    // The tool raises convolutions below 4 bits to 4 bits; the recipe states these 4 bits explicitly.
    internal static string SdnqType(RecipeTensor tensor) =>
        $"uint{(tensor.Operator == WeightOperator.Linear ? tensor.Spec!.Bits : Math.Max(4, tensor.Spec!.Bits))}";

    internal static int OliveBits(int bits) =>
        bits <= 2 ? 2
        : bits <= 4 ? 4
        : 8;

    internal static int AppleBitsOf(RecipeTensor tensor) =>
        tensor.Spec is { } spec ? AppleBits.First(bits => bits >= spec.Bits) : 16;

    internal static bool IsComfy(RecipeTensor tensor) =>
        tensor.Spec is not null
        && tensor.Operator == WeightOperator.Linear
        && tensor.Shape.All(extent => extent % 16 == 0);

    private static JsonArray Names(IEnumerable<string> names) =>
        [.. names.Order(StringComparer.Ordinal).Select(name => JsonValue.Create(name))];

    private static string Text(JsonNode node) => node.ToJsonString(Indented) + "\n";
}
