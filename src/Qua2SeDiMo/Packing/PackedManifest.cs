using System.Text.Json.Nodes;
using Qua2SeDiMo.Json;
using Qua2SeDiMo.Kernels.Codes;
using Qua2SeDiMo.Models;
using Qua2SeDiMo.Quantizers;

namespace Qua2SeDiMo.Packing;

/// <summary>Content of <c>q2_manifest.json</c>, which describes a packed denoiser (docs/formats.md).
/// <see cref="Parts"/> are in the order of their data.</summary>
/// <param name="WeightsSha256">SHA-256 of the weights file, lower-case hexadecimal.</param>
/// <param name="SourceFingerprint">Fingerprint of the bank from which the denoiser was packed.</param>
/// <param name="QuantizedBytes">Bytes of tables and codes.</param>
/// <param name="AverageBits">Average bits of the quantizable weights by the size formula.</param>
/// <param name="Activations">Bits that inputs of layers are rounded to when the model runs.</param>
/// <param name="Plan">Origin of the allocation, as given by the caller; null if unknown.</param>
/// <param name="Parts">Quantized weights, and all parts of split weights of which one is quantized.</param>
internal sealed record PackedManifest(
    string WeightsSha256,
    string SourceFingerprint,
    long QuantizedBytes,
    double AverageBits,
    ActivationAllocation Activations,
    JsonObject? Plan,
    IReadOnlyList<PackedPart> Parts
)
{
    /// <summary>Name of the manifest inside the denoiser's folder.</summary>
    public const string FileName = ComponentFiles.ManifestName;

    /// <summary>Name of the weights file beside it.</summary>
    public const string WeightsFileName = ComponentFiles.PackedWeightsName;

    /// <summary>Names in the weights file: the tensor of all tables, that of all codes, and the prefix of unquantized
    /// parts.</summary>
    internal const string TablesTensor = "q2.tables",
        CodesTensor = "q2.codes",
        PartTensorPrefix = "q2.part.";

    private const string Format = "q2-packed";

    /// <summary>The allocation under which the denoiser was packed.</summary>
    public BitAllocation Allocation =>
        new(Parts.Where(part => part.Spec is not null).Select(part => KeyValuePair.Create(part.Name, part.Spec!)));

    internal string ToJson()
    {
        ElementType[] common =
        [
            Parts.Count > 0 ? Parts[0].OriginalType : ElementType.Float32,
            Parts.Count > 0 ? Parts[0].TableType : ElementType.Float32,
        ];
        var root = new JsonObject
        {
            ["format"] = Format,
            ["version"] = PackedActivations.VersionOf(Activations),
            ["weights"] = WeightsFileName,
            ["sha256"] = WeightsSha256,
            ["source"] = SourceFingerprint,
            ["quantized_bytes"] = QuantizedBytes,
            ["average_bits"] = AverageBits,
            ["activation_bits"] = Activations.Common,
            ["original_type"] = common[0].ToString(),
            ["table_type"] = common[1].ToString(),
            ["plan"] = Plan?.DeepClone(),
            // Parts are arrays without member names and omit what can be derived, since the manifest adds noticeably to
            // the size of a small model.
            ["parts"] = new JsonObject(
                Parts.Select(part => KeyValuePair.Create(part.Name, (JsonNode?)ToJson(part, common)))
            ),
        };
        if (Activations.ToJsonObject() is { } activations)
            root["activations"] = activations;
        return root.ToJsonString();
    }

    private static JsonArray ToJson(PackedPart part, ElementType[] common)
    {
        var extras = new JsonObject();
        if (part.TensorName != DefaultTensor(part.Name))
            extras["tensor"] = part.TensorName;
        if (part.IsPart)
        {
            extras["input_start"] = part.InputStart;
            extras["tensor_inputs"] = part.TensorInputs;
        }
        if (part.OriginalType != common[0])
            extras["original_type"] = part.OriginalType.ToString();
        if (part.TableType != common[1])
            extras["table_type"] = part.TableType.ToString();
        var node = new JsonArray(
            part.Spec?.ToString(),
            new JsonArray([.. part.Shape.Select(extent => JsonValue.Create(extent))])
        );
        if (extras.Count > 0)
            node.Add((JsonNode)extras);
        return node;
    }

    /// <summary>Reads the manifest of a folder without opening the weights file.</summary>
    /// <exception cref="PackedModelException">The manifest is missing or damaged.</exception>
    internal static PackedManifest Read(string directory)
    {
        string path = Path.Combine(directory, FileName);
        if (!File.Exists(path))
            throw new PackedModelException($"{path}: there is no such file; this is not a packed denoiser.")
            {
                Remedy = Remedy.Pack,
            };
        return OwnJson.Read(path, Remedy.Pack, Of);
    }

    /// <summary>Reads the manifest from a parsed document.</summary>
    /// <exception cref="Q2Exception">The manifest is damaged.</exception>
    internal static PackedManifest Of(ForeignValue root)
    {
        string path = root.Source;
        if (root["format"].Text() != Format)
            throw new PackedModelException($"{path}: format '{root["format"]}', expected '{Format}'.");
        if (!PackedActivations.IsVersion(root["version"].Int()))
            throw new PackedModelException(
                $"{path}: version {root["version"]}, this program reads versions {PackedActivations.Versions}. "
                    + "Pack again, or use the program that packed it."
            );
        // Only one name is allowed, so that a manifest cannot refer to files outside its folder.
        if (root["weights"].Text() != WeightsFileName)
            throw new PackedModelException(
                $"{path}: weights file '{root["weights"]}', expected '{WeightsFileName}' beside it."
            );
        ElementType original = ReadType(root["original_type"]),
            table = ReadType(root["table_type"]);
        PackedPart[] parts =
        [
            .. root["parts"].Members.Select(pair => ReadPart(path, pair.Key, pair.Value, original, table)),
        ];
        return new PackedManifest(
            root["sha256"].Text(),
            root["source"].TextOrNull() ?? "",
            root["quantized_bytes"].Long(),
            root["average_bits"].Number(),
            ReadActivations(root, parts),
            root["plan"].IsNull ? null : root["plan"].AsObject(),
            parts
        );
    }

    private static ActivationAllocation ReadActivations(ForeignValue root, PackedPart[] parts)
    {
        var activations = PackedActivations.Read(root);
        HashSet<string> known = [.. parts.Select(part => part.Name)];
        return activations.ByWeight.Keys.FirstOrDefault(name => !known.Contains(name)) is { } unknown
            ? throw new PackedModelException(
                $"{root.Source}: 'activations' names '{unknown}', which is none of the weights in 'parts'. Pack again."
            )
            : activations;
    }

    private static PackedPart ReadPart(
        string path,
        string name,
        ForeignValue entry,
        ElementType original,
        ElementType table
    )
    {
        IReadOnlyList<ForeignValue> items = entry.Items;
        if (items.Count is not (2 or 3))
            throw new PackedModelException(
                $"{path}: weight '{name}' has {items.Count} entries; option, shape and sometimes an object are expected."
            );
        long[] shape = [.. items[1].Items.Select(extent => extent.Long())];
        if (shape.Length is < 2 or > 5 || shape.Any(extent => extent < 1) || !IsSmall(shape))
        {
            throw new PackedModelException(
                $"{path}: weight '{name}' has shape "
                    + $"[{string.Join(", ", shape.Take(8).Select(extent => $"{extent}"))}]; 2 to 5 positive extents "
                    + $"with at most {Array.MaxLength} weights are expected."
            );
        }
        QuantizerSpec? spec = null;
        if (items[0].TextOrNull() is { } option && !QuantizerSpec.TryParse(option, out spec))
        {
            throw items[0].Fault("an option: METHOD-BITS with uaq, kmeans-c or kmeans-a and 2 to 8 bits");
        }
        ForeignValue? extras = items.Count == 3 ? items[2] : null;
        long inputs = extras is { } own && !own["tensor_inputs"].IsNull ? own["tensor_inputs"].Long() : shape[1];
        long start = extras is { } part && !part["input_start"].IsNull ? part["input_start"].Long() : 0;
        if (start < 0 || inputs < shape[1] || start > inputs - shape[1] || inputs > Array.MaxLength)
        {
            throw new PackedModelException(
                $"{path}: weight '{name}' takes inputs {start} to {start + shape[1]} of {inputs}, which cannot be."
            );
        }
        return new PackedPart(
            name,
            extras?["tensor"].TextOrNull() ?? DefaultTensor(name),
            shape,
            start,
            inputs,
            spec,
            TypeOr(original, "original_type"),
            TablePrecision.For(TypeOr(table, "table_type"))
        );

        ElementType TypeOr(ElementType common, string key) =>
            extras is { } found && !found[key].IsNull ? ReadType(found[key]) : common;
    }

    private static bool IsSmall(long[] shape)
    {
        long count = 1;
        foreach (long extent in shape)
        {
            if (extent > Array.MaxLength / count)
                return false;
            count *= extent;
        }
        return true;
    }

    private static ElementType ReadType(ForeignValue value) =>
        value.Text() switch
        {
            nameof(ElementType.Float32) => ElementType.Float32,
            nameof(ElementType.Float16) => ElementType.Float16,
            nameof(ElementType.BFloat16) => ElementType.BFloat16,
            nameof(ElementType.Float64) => ElementType.Float64,
            _ => throw value.Fault("a floating point type"),
        };

    private static string DefaultTensor(string name) => name + ".weight";
}
