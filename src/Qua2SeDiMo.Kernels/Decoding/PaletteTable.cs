using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Qua2SeDiMo.Kernels.Codes;
using Qua2SeDiMo.Kernels.Layout;

namespace Qua2SeDiMo.Kernels.Decoding;

/// <summary>The palette of a channel of at most 4 bits as 16 floats, shorter palettes repeated.</summary>
internal static unsafe class PaletteTable
{
    /// <summary>Entries of a table.</summary>
    internal const int Length = 16;

    private const int Half = Length / 2;

    /// <summary>Whether palettes of codes of the given number of bits fit a table.</summary>
    internal static bool Holds(int bits) => bits <= 4;

    /// <summary>Writes the table.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Read(PaletteMatrix weight, int channel, float* table)
    {
        QuantizerSpec spec = weight.Spec;
        byte* tables = weight.Tables;
        int length = spec.PaletteLength;
        if (spec.Method == QuantizerMethod.UniformAffine)
        {
            float* pair = (float*)(tables + (channel * 8L));
            Vector256<float> code = Vector256<float>.Indices,
                zeroPoint = Vector256.Create(pair[1]),
                scale = Vector256.Create(pair[0]);
            ((code - zeroPoint) * scale).Store(table);
            ((code + Vector256.Create((float)Half) - zeroPoint) * scale).Store(table + Half);
        }
        else
        {
            long first = spec.Method == QuantizerMethod.KMeansPerTensor ? 0 : (long)channel * length;
            switch (weight.Layout.EntryType)
            {
                case ElementType.Float32:
                    Unsafe.CopyBlockUnaligned(table, (float*)tables + first, (uint)(length * sizeof(float)));
                    break;
                case var type:
                    Vector128<ushort>* entries = (Vector128<ushort>*)((ushort*)tables + first);
                    Widen(length < Half ? Vector128.CreateScalarUnsafe(*(ulong*)entries).AsUInt16() : entries[0], type)
                        .Store(table);
                    if (length == Length)
                        Widen(entries[1], type).Store(table + Half);
                    break;
            }
        }
        if (length <= Half / 2)
            Vector128.Load(table).Store(table + (Half / 2));
        if (length <= Half)
            Vector256.Load(table).Store(table + Half);
    }

    // Half precision: shifts exponent and fraction to the positions of a single and corrects the exponent's bias by a
    // factor of 2^112. Exact for all finite values, subnormal ones included.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> Widen(Vector128<ushort> entries, ElementType type)
    {
        (Vector128<uint> low, Vector128<uint> high) = Vector128.Widen(entries);
        Vector256<uint> words = Vector256.Create(low, high);
        if (type == ElementType.BFloat16)
            return BFloat16.ToSingle(words);
        Vector256<float> magnitude =
            ((words & Vector256.Create(0x7FFFu)) << 13).AsSingle() * BitConverter.UInt32BitsToSingle(0x77800000);
        return magnitude | ((words & Vector256.Create(0x8000u)) << 16).AsSingle();
    }
}
