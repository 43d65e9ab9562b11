using System.Security.Cryptography;
using Qua2SeDiMo.Kernels.Codes;
using Qua2SeDiMo.Models;

namespace Qua2SeDiMo.Quantizers.Bank;

/// <summary>Layout of one quantized weight in a safetensors file (docs/formats.md): <c>PREFIX.tables</c> and
/// <c>PREFIX.codes</c>, both bytes.</summary>
internal static class QuantizedWeightTensors
{
    private const string Codes = ".codes",
        Tables = ".tables";

    /// <summary>The tensors to write.</summary>
    public static IEnumerable<SafetensorsWriter.Item> Items(string prefix, QuantizedWeight weight)
    {
        ArgumentNullException.ThrowIfNull(weight);
        IReadOnlyList<TensorInfo> infos = Describe(
            prefix,
            weight.Spec,
            weight.OutChannels,
            weight.RowLength,
            weight.TableType
        );
        (byte[] tables, byte[] codes) = Bytes(weight);
        return
        [
            new SafetensorsWriter.Item(infos[0], stream => stream.Write(tables)),
            new SafetensorsWriter.Item(infos[1], stream => stream.Write(codes)),
        ];
    }

    /// <summary>SHA-256 of tables and codes, one after the other; lower-case hexadecimal.</summary>
    public static string Checksum(QuantizedWeight weight)
    {
        ArgumentNullException.ThrowIfNull(weight);
        (byte[] tables, byte[] codes) = Bytes(weight);
        return Checksum(tables, codes);
    }

    /// <summary>The same checksum, computed from the tensors of a file.</summary>
    internal static string Checksum(ITensorSource source, string prefix)
    {
        byte[][] bytes =
        [
            .. new[] { prefix + Tables, prefix + Codes }.Select(name =>
            {
                byte[] data = new byte[source.Tensors[name].SizeBytes];
                source.ReadBytes(name, 0, data);
                return data;
            }),
        ];
        return Checksum(bytes[0], bytes[1]);
    }

    private static string Checksum(byte[] tables, byte[] codes)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(tables);
        hash.AppendData(codes);
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    private static (byte[] Tables, byte[] Codes) Bytes(QuantizedWeight weight)
    {
        byte[] packed = new byte[CodePacker.PackedLength(weight.Codes.Length, weight.Spec.Bits)];
        CodePacker.Pack(weight.Codes, weight.Spec.Bits, packed);
        return (WeightTables.Write(weight), packed);
    }

    /// <summary>Names, types and shapes of a weight's tensors: tables, then codes.</summary>
    public static IReadOnlyList<TensorInfo> Describe(
        string prefix,
        QuantizerSpec spec,
        int outChannels,
        int rowLength,
        ElementType tableType
    )
    {
        ArgumentNullException.ThrowIfNull(spec);
        return
        [
            new(
                prefix + Tables,
                ElementType.UInt8,
                [WeightTables.SizeBytes(spec, outChannels, TablePrecision.For(tableType))]
            ),
            new(prefix + Codes, ElementType.UInt8, [CodePacker.PackedLength((long)outChannels * rowLength, spec.Bits)]),
        ];
    }

    /// <summary>Reads a weight back.</summary>
    /// <param name="source">File with the weight.</param>
    /// <param name="prefix">Common start of its tensors' names.</param>
    /// <param name="spec">Its option.</param>
    /// <param name="outChannels">C.</param>
    /// <param name="rowLength">K.</param>
    /// <param name="tableType">Original type.</param>
    /// <param name="meanError">Mean |w − ŵ|^2.4, which is stored elsewhere.</param>
    /// <param name="sha256">Expected result of <see cref="Checksum(QuantizedWeight)"/>; null to skip the check.</param>
    /// <exception cref="QuantizedTensorException">A tensor has another type or shape, the checksum differs, or a table
    /// is damaged.</exception>
    /// <exception cref="MissingTensorException">A tensor is missing.</exception>
    public static QuantizedWeight Read(
        ITensorSource source,
        string prefix,
        QuantizerSpec spec,
        int outChannels,
        int rowLength,
        ElementType tableType,
        double meanError,
        string? sha256 = null
    )
    {
        (byte[] tables, byte[] packed) = ReadStored(source, prefix, spec, outChannels, rowLength, tableType, sha256);
        byte[] codes = new byte[checked(outChannels * rowLength)];
        CodePacker.Unpack(packed, spec.Bits, codes);
        (float[] palettes, AffineParameters? affine) = WeightTables.Read(
            source.ToString()!,
            tables,
            spec,
            outChannels,
            TablePrecision.For(tableType)
        );
        return new QuantizedWeight(spec, outChannels, rowLength, tableType, codes, palettes, affine, meanError);
    }

    /// <summary>Reads tables and codes in their stored form, which packed models use too.</summary>
    /// <inheritdoc cref="Read"/>
    public static (byte[] Tables, byte[] Codes) ReadStored(
        ITensorSource source,
        string prefix,
        QuantizerSpec spec,
        int outChannels,
        int rowLength,
        ElementType tableType,
        string? sha256
    )
    {
        ArgumentNullException.ThrowIfNull(source);
        foreach (TensorInfo expected in Describe(prefix, spec, outChannels, rowLength, tableType))
            Check(source, expected);
        byte[] packed = new byte[CodePacker.PackedLength((long)outChannels * rowLength, spec.Bits)];
        source.ReadBytes(prefix + Codes, 0, packed);
        byte[] tables = new byte[WeightTables.SizeBytes(spec, outChannels, TablePrecision.For(tableType))];
        source.ReadBytes(prefix + Tables, 0, tables);
        if (sha256 is not null && Checksum(tables, packed) is var found && found != sha256)
        {
            throw new QuantizedTensorException(
                $"{source}: the data of '{prefix}' have SHA-256 {found}, the file says {sha256}. The file is "
                    + "damaged: make it again."
            )
            {
                Remedy = Remedy.Bank,
            };
        }
        return (tables, packed);
    }

    /// <summary>Checks that a file holds a tensor with the expected type and shape.</summary>
    /// <exception cref="QuantizedTensorException">The tensor has another type or shape.</exception>
    /// <exception cref="MissingTensorException">The tensor is missing.</exception>
    public static void Check(ITensorSource source, TensorInfo expected)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(expected);
        if (!source.Tensors.TryGetValue(expected.Name, out TensorInfo? found))
            throw MissingTensorException.For(source, expected.Name);
        if (found.Type != expected.Type || !found.Shape.SequenceEqual(expected.Shape))
        {
            throw new QuantizedTensorException(
                $"{source}: tensor '{expected.Name}' is {found.Type} [{string.Join(", ", found.Shape)}]; its weight and option need "
                    + $"{expected.Type} [{string.Join(", ", expected.Shape)}]. The file is damaged or was edited: make it again."
            );
        }
    }
}

/// <summary>Thrown when a file of quantized weights does not match its description.</summary>
internal sealed class QuantizedTensorException : Q2Exception
{
    internal QuantizedTensorException(string message)
        : base(message) { }
}
