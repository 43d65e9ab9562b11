using Qua2SeDiMo.Models;
using Qua2SeDiMo.Numerics;

namespace Qua2SeDiMo.Quantizers;

/// <summary>
/// How one quantized weight stands in a safetensors file (docs/formats.md): <c>PREFIX.codes</c> packed, and <c>PREFIX.palette</c>
/// [palettes, 2^bits] or, for UAQ, <c>PREFIX.step</c> and <c>PREFIX.zero_point</c> [channels], at the original precision.
/// </summary>
public static class QuantizedWeightTensors
{
    private const string Codes = ".codes", Palette = ".palette", Step = ".step", ZeroPoint = ".zero_point";

    /// <summary>The tensors to write: tables first, then codes.</summary>
    public static IEnumerable<SafetensorsWriter.Item> Items(string prefix, QuantizedWeight weight)
    {
        ArgumentNullException.ThrowIfNull(weight);
        if (weight.Affine is { } affine)
        {
            yield return Table(prefix + Step, weight.TableType, [weight.OutChannels], affine.Steps);
            yield return Table(prefix + ZeroPoint, weight.TableType, [weight.OutChannels], affine.ZeroPoints);
        }
        else
        {
            yield return Table(prefix + Palette, weight.TableType, [weight.Spec.PaletteCount(weight.OutChannels), weight.Spec.PaletteLength], weight.Palettes);
        }
        var info = new TensorInfo(prefix + Codes, ElementType.UInt8, [CodePacker.PackedLength(weight.Count, weight.Spec.Bits)]);
        yield return new SafetensorsWriter.Item(info, stream =>
        {
            byte[] packed = new byte[info.SizeBytes];
            CodePacker.Pack(weight.Codes, weight.Spec.Bits, packed);
            stream.Write(packed);
        });
    }

    /// <summary>The tensors that a weight has, without reading them: what <see cref="Items"/> would declare.</summary>
    public static IReadOnlyList<TensorInfo> Describe(string prefix, QuantizerSpec spec, int outChannels, int rowLength, ElementType tableType)
    {
        ArgumentNullException.ThrowIfNull(spec);
        ElementType type = TablePrecision.For(tableType);
        var codes = new TensorInfo(prefix + Codes, ElementType.UInt8, [CodePacker.PackedLength((long)outChannels * rowLength, spec.Bits)]);
        return spec.Method == QuantizerMethod.UniformAffine
            ? [new(prefix + Step, type, [outChannels]), new(prefix + ZeroPoint, type, [outChannels]), codes]
            : [new(prefix + Palette, type, [spec.PaletteCount(outChannels), spec.PaletteLength]), codes];
    }

    /// <summary>Reads a weight back.</summary>
    /// <param name="source">File that holds it.</param>
    /// <param name="prefix">What its tensors' names begin with.</param>
    /// <param name="spec">Its option.</param>
    /// <param name="outChannels">C.</param>
    /// <param name="rowLength">K.</param>
    /// <param name="tableType">Original type.</param>
    /// <param name="meanError">Stored error.</param>
    /// <exception cref="QuantizedTensorException">A tensor has another type or shape, or a table is damaged.</exception>
    /// <exception cref="MissingTensorException">A tensor is missing.</exception>
    public static QuantizedWeight Read(ITensorSource source, string prefix, QuantizerSpec spec, int outChannels, int rowLength, ElementType tableType, double meanError)
    {
        ArgumentNullException.ThrowIfNull(source);
        foreach (TensorInfo expected in Describe(prefix, spec, outChannels, rowLength, tableType)) Check(source, expected);
        byte[] codes = new byte[checked(outChannels * rowLength)];
        byte[] packed = new byte[CodePacker.PackedLength(codes.Length, spec.Bits)];
        source.ReadBytes(prefix + Codes, 0, packed);
        CodePacker.Unpack(packed, spec.Bits, codes);
        AffineParameters? affine = spec.Method == QuantizerMethod.UniformAffine
            ? new AffineParameters(ReadTable(source, prefix + Step), ReadTable(source, prefix + ZeroPoint))
            : null;
        float[] palettes = affine?.ToPalettes(spec.Bits) ?? ReadTable(source, prefix + Palette);
        return new QuantizedWeight(spec, outChannels, rowLength, tableType, codes, palettes, affine, meanError);
    }

    /// <summary>Checks that a file holds a tensor as it should be.</summary>
    /// <exception cref="QuantizedTensorException">It has another type or shape.</exception>
    /// <exception cref="MissingTensorException">It is missing.</exception>
    public static void Check(ITensorSource source, TensorInfo expected)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(expected);
        if (!source.Tensors.TryGetValue(expected.Name, out TensorInfo? found)) throw MissingTensorException.For(source, expected.Name);
        if (found.Type != expected.Type || !found.Shape.SequenceEqual(expected.Shape))
        {
            throw new QuantizedTensorException($"{source}: tensor '{expected.Name}' is {found.Type} [{string.Join(", ", found.Shape)}]; its weight and option need "
                + $"{expected.Type} [{string.Join(", ", expected.Shape)}]. The file is damaged or was edited: make it again.");
        }
    }

    private static float[] ReadTable(ITensorSource source, string name)
    {
        float[] values = source.ReadSingle(name);
        foreach (float value in values)
        {
            if (!float.IsFinite(value)) throw new QuantizedTensorException($"{source}: table '{name}' holds {value}; every entry is finite in a sound file. Make the file again.");
        }
        return values;
    }

    private static SafetensorsWriter.Item Table(string name, ElementType type, long[] shape, float[] values) => new(new TensorInfo(name, type, shape), stream =>
    {
        byte[] bytes = new byte[values.Length * type.SizeBytes()];
        TablePrecision.Write(type, values, bytes);
        stream.Write(bytes);
    });
}

/// <summary>A file of quantized weights does not hold what its description says.</summary>
public sealed class QuantizedTensorException : Q2Exception
{
    internal QuantizedTensorException(string message) : base(message) { }
}
