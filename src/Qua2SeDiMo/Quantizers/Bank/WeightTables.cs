using System.Buffers.Binary;
using Qua2SeDiMo.Kernels.Codes;
using Qua2SeDiMo.Quantizers.Affine;

namespace Qua2SeDiMo.Quantizers.Bank;

/// <summary>
/// The tables of a quantized weight as bytes (docs/formats.md). UAQ: one word per channel (<see cref="AffineWord"/>),
/// or for float32 originals all steps, then all zero points. K-Means C: palettes at the original precision. K-Means A:
/// one palette in single precision.
/// </summary>
internal static class WeightTables
{
    /// <summary>Bytes of the tables.</summary>
    internal static long SizeBytes(QuantizerSpec spec, int outChannels, ElementType tableType) =>
        spec.Method == QuantizerMethod.UniformAffine
            ? 2L * outChannels * tableType.SizeBytes()
            : (long)spec.PaletteCount(outChannels) * spec.PaletteLength * spec.PaletteType(tableType).SizeBytes();

    /// <summary>Writes the tables of a weight.</summary>
    internal static byte[] Write(QuantizedWeight weight)
    {
        byte[] bytes = new byte[SizeBytes(weight.Spec, weight.OutChannels, weight.TableType)];
        if (weight.Affine is not { } affine)
        {
            TablePrecision.Write(weight.Spec.PaletteType(weight.TableType), weight.Palettes, bytes);
        }
        else if (weight.TableType == ElementType.Float32)
        {
            TablePrecision.Write(ElementType.Float32, affine.Scales, bytes);
            TablePrecision.Write(ElementType.Float32, affine.ZeroPoints, bytes.AsSpan(bytes.Length / 2));
        }
        else
        {
            for (int channel = 0; channel < weight.OutChannels; channel++)
            {
                BinaryPrimitives.WriteUInt32LittleEndian(
                    bytes.AsSpan(channel * sizeof(uint)),
                    AffineWord.Encode(weight.TableType, affine.Scales[channel], affine.ZeroPoints[channel])
                );
            }
        }
        return bytes;
    }

    /// <summary>Reads tables back.</summary>
    /// <param name="place">File or tensor, for messages.</param>
    /// <param name="bytes"><see cref="SizeBytes"/> bytes.</param>
    /// <param name="spec">Option.</param>
    /// <param name="outChannels">C.</param>
    /// <param name="tableType">Float32, Float16 or BFloat16.</param>
    /// <exception cref="QuantizedTensorException">An entry is not finite.</exception>
    internal static (float[] Palettes, AffineParameters? Affine) Read(
        string place,
        ReadOnlySpan<byte> bytes,
        QuantizerSpec spec,
        int outChannels,
        ElementType tableType
    )
    {
        if (spec.Method != QuantizerMethod.UniformAffine)
        {
            float[] palettes = new float[spec.PaletteCount(outChannels) * spec.PaletteLength];
            spec.PaletteType(tableType).ToSingle(bytes, palettes);
            RequireFinite(place, palettes);
            return (palettes, null);
        }
        var affine = new AffineParameters(new float[outChannels], new float[outChannels]);
        if (tableType == ElementType.Float32)
        {
            tableType.ToSingle(bytes[..(bytes.Length / 2)], affine.Scales);
            tableType.ToSingle(bytes[(bytes.Length / 2)..], affine.ZeroPoints);
        }
        else
        {
            for (int channel = 0; channel < outChannels; channel++)
            {
                (affine.Scales[channel], affine.ZeroPoints[channel]) = AffineWord.Decode(
                    tableType,
                    BinaryPrimitives.ReadUInt32LittleEndian(bytes[(channel * sizeof(uint))..])
                );
            }
        }
        RequireFinite(place, affine.Scales);
        RequireFinite(place, affine.ZeroPoints);
        return (affine.ToPalettes(spec.Bits), affine);
    }

    private static void RequireFinite(string place, float[] values)
    {
        foreach (float value in values)
        {
            if (!float.IsFinite(value))
                throw new QuantizedTensorException(
                    $"{place}: a table holds {value}; every entry is finite in a sound file. Make the file again."
                );
        }
    }
}
