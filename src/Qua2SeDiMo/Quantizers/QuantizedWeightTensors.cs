using Qua2SeDiMo.Models;
using Qua2SeDiMo.Numerics;

namespace Qua2SeDiMo.Quantizers;

/// <summary>How one quantized weight stands in a safetensors file (docs/formats.md): <c>PREFIX.tables</c> and <c>PREFIX.codes</c>, both bytes.</summary>
public static class QuantizedWeightTensors
{
    private const string Codes = ".codes", Tables = ".tables";

    /// <summary>The tensors to write.</summary>
    public static IEnumerable<SafetensorsWriter.Item> Items(string prefix, QuantizedWeight weight)
    {
        ArgumentNullException.ThrowIfNull(weight);
        IReadOnlyList<TensorInfo> infos = Describe(prefix, weight.Spec, weight.OutChannels, weight.RowLength, weight.TableType);
        yield return new SafetensorsWriter.Item(infos[0], stream => stream.Write(WeightTables.Write(weight)));
        yield return new SafetensorsWriter.Item(infos[1], stream =>
        {
            byte[] packed = new byte[infos[1].SizeBytes];
            CodePacker.Pack(weight.Codes, weight.Spec.Bits, packed);
            stream.Write(packed);
        });
    }

    /// <summary>The tensors that a weight has, without reading them: tables, then codes.</summary>
    public static IReadOnlyList<TensorInfo> Describe(string prefix, QuantizerSpec spec, int outChannels, int rowLength, ElementType tableType)
    {
        ArgumentNullException.ThrowIfNull(spec);
        return
        [
            new(prefix + Tables, ElementType.UInt8, [WeightTables.SizeBytes(spec, outChannels, TablePrecision.For(tableType))]),
            new(prefix + Codes, ElementType.UInt8, [CodePacker.PackedLength((long)outChannels * rowLength, spec.Bits)]),
        ];
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
        byte[] tables = new byte[WeightTables.SizeBytes(spec, outChannels, TablePrecision.For(tableType))];
        source.ReadBytes(prefix + Tables, 0, tables);
        (float[] palettes, AffineParameters? affine) = WeightTables.Read(source.ToString()!, tables, spec, outChannels, TablePrecision.For(tableType));
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
}

/// <summary>A file of quantized weights does not hold what its description says.</summary>
public sealed class QuantizedTensorException : Q2Exception
{
    internal QuantizedTensorException(string message) : base(message) { }
}
