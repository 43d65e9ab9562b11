using Qua2SeDiMo.Json;
using Qua2SeDiMo.Kernels.Codes;

namespace Qua2SeDiMo.Models;

/// <summary>
/// Widens weights that a checkpoint stores as 8-bit floats: exactly to half precision, or to single precision when a
/// scale tensor multiplies them, with one number for the tensor or one per output channel. Scales are found by the
/// names of ComfyUI (<c>LAYER.scale_weight</c>, <c>LAYER.weight_scale</c>) and DeepSeek (<c>LAYER.weight_scale_inv</c>,
/// a multiplier despite its name). A weight with unsupported scales gets a <see cref="TensorInfo.Fault"/> instead of
/// wrong values.
/// </summary>
internal sealed class WeightScales
{
    private const string Weight = ".weight",
        Marker = "scaled_fp8",
        LayerFormat = "comfy_quant";

    // Scales of a layer's inputs, which do not affect its weights.
    private static readonly string[] OfActivations = ["input_scale", "scale_input"];
    private static readonly string[] Formats = ["float8_e4m3fn", "float8_e5m2"];

    private readonly ITensorSource stored;
    private readonly ILookup<string, string> byLayer;
    private readonly Dictionary<string, TensorInfo> tensors;
    private readonly Dictionary<string, float[]> scales = new(StringComparer.Ordinal);

    /// <param name="stored">The stored tensors; scales and format descriptions are read immediately.</param>
    internal WeightScales(ITensorSource stored)
    {
        this.stored = stored;
        tensors = new Dictionary<string, TensorInfo>(stored.Tensors, StringComparer.Ordinal);
        byLayer = stored.Tensors.Keys.ToLookup(LayerOf, StringComparer.Ordinal);
        foreach (TensorInfo tensor in stored.Tensors.Values)
        {
            string[] found = [.. ScaleNames(tensor.Name).Where(stored.Tensors.ContainsKey)];
            bool isFloat8 = tensor.Type is ElementType.Float8E4M3 or ElementType.Float8E5M2;
            if (!isFloat8 && found.Length == 0)
                continue;
            string? fault = isFloat8 ? Widen(tensor, found) : Unscaled(tensor, found);
            if (fault is not null)
                tensors[tensor.Name] = tensor with { Fault = fault };
        }
        foreach (string name in stored.Tensors.Keys.Where(name => LastPart(name) == Marker))
            tensors.Remove(name);
    }

    /// <summary>
    /// The tensors as they are read: 8-bit floats with their widened type, without applied scales and format
    /// descriptions.
    /// </summary>
    internal IReadOnlyDictionary<string, TensorInfo> Tensors => tensors;

    /// <summary>Multiplies a range of a tensor's stored values by its scales.</summary>
    internal void Apply(string name, long start, Span<float> values)
    {
        if (values.Length == 0 || !scales.TryGetValue(name, out float[]? factors))
            return;
        long rowLength = factors.Length == 1 ? long.MaxValue : stored.Tensors[name].ElementCount / factors.Length;
        while (values.Length > 0)
        {
            (long row, long inside) = Math.DivRem(start, rowLength);
            Span<float> some = values[..(int)Math.Min(values.Length, rowLength - inside)];
            System.Numerics.Tensors.TensorPrimitives.Multiply(some, factors[row], some);
            values = values[some.Length..];
            start += some.Length;
        }
    }

    private static IEnumerable<string> ScaleNames(string tensor)
    {
        yield return tensor + "_scale";
        yield return tensor + "_scale_inv";
        if (tensor.EndsWith(Weight, StringComparison.Ordinal))
            yield return $"{LayerOf(tensor)}.scale_weight";
    }

    private static string LayerOf(string tensor) => tensor.LastIndexOf('.') is var dot and > 0 ? tensor[..dot] : "";

    private static string LastPart(string tensor) => tensor[(tensor.LastIndexOf('.') + 1)..];

    // Widens a tensor; returns why it cannot be widened, or null on success.
    private string? Widen(TensorInfo tensor, string[] found)
    {
        bool isWeight = tensor.Name.EndsWith(Weight, StringComparison.Ordinal);
        string[] beside = isWeight ? [.. byLayer[LayerOf(tensor.Name)].Where(name => name != tensor.Name)] : [];
        string? stranger = beside.FirstOrDefault(name =>
            LastPart(name) is var part
            && !found.Contains(name)
            && !OfActivations.Contains(part)
            && part.Contains("scale", StringComparison.OrdinalIgnoreCase)
        );
        if (stranger is not null)
            return $"it is an 8-bit float beside '{stranger}', a scale of a format that is not known here";
        if (found.Length > 1)
            return $"it has {found.Length} scale tensors ({string.Join(", ", found)}), of which one is expected";
        if (
            beside.FirstOrDefault(name => LastPart(name) == LayerFormat) is { } description
            && FaultOfFormat(description) is { } unknown
        )
        {
            return unknown;
        }
        if (found is [var scale])
        {
            if (FaultOfScale(tensor, stored.Tensors[scale]) is { } fault)
                return fault;
            scales.Add(tensor.Name, stored.ReadSingle(scale));
        }
        tensors[tensor.Name] = tensor with { Type = found.Length == 0 ? ElementType.Float16 : ElementType.Float32 };
        foreach (
            string name in beside.Where(name =>
                found.Contains(name) || OfActivations.Contains(LastPart(name)) || LastPart(name) == LayerFormat
            )
        )
            tensors.Remove(name);
        foreach (string name in found)
            tensors.Remove(name);
        return null;
    }

    private static string? FaultOfScale(TensorInfo tensor, TensorInfo scale)
    {
        if (
            scale.Type
            is not (ElementType.Float32 or ElementType.Float16 or ElementType.BFloat16 or ElementType.Float64)
        )
        {
            return $"its scale '{scale.Name}' is stored as {scale.TypeName}, which is not known here";
        }
        bool isPerChannel =
            tensor.Shape.Count > 0
            && scale.Shape.Count > 0
            && scale.Shape[0] == tensor.Shape[0]
            && scale.ElementCount == scale.Shape[0];
        return scale.ElementCount == 1 || isPerChannel
            ? null
            : $"its scale '{scale.Name}' has shape [{string.Join(", ", scale.Shape)}], the weight [{string.Join(", ", tensor.Shape)}]; "
                + "one number, or one for each output channel, is expected";
    }

    private string? FaultOfFormat(string name)
    {
        TensorInfo description = stored.Tensors[name];
        if (description.Type != ElementType.UInt8 || description.SizeBytes > 1 << 16)
        {
            return $"'{name}' beside it is not the text of a format";
        }
        byte[] text = new byte[description.SizeBytes];
        stored.ReadBytes(name, 0, text);
        try
        {
            string? format = ForeignJson.Parse(text, name)["format"].TextOrNull();
            return Formats.Contains(format)
                ? null
                : $"'{name}' gives its format as '{format}'; {string.Join(" and ", Formats)} are known";
        }
        catch (JsonFileException)
        {
            return $"'{name}' beside it is not the text of a format";
        }
    }

    // Scales of 1 have no effect and are dropped; other scales are supported only for 8-bit floats.
    private string? Unscaled(TensorInfo tensor, string[] found)
    {
        foreach (string name in found)
        {
            TensorInfo scale = stored.Tensors[name];
            bool isFloat =
                scale.Type is ElementType.Float32 or ElementType.Float16 or ElementType.BFloat16
                && scale.ElementCount <= 1 << 20;
            if (!tensor.Type.IsFloatingPoint() || !isFloat || stored.ReadSingle(name).Any(value => value != 1))
            {
                return $"it is stored as {tensor.TypeName} with the scale '{name}'; scales are known for 8-bit floats only";
            }
            tensors.Remove(name);
        }
        return null;
    }
}
