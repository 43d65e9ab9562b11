using System.Numerics.Tensors;
using Qua2SeDiMo.Kernels.Codes;

namespace Qua2SeDiMo.Quantizers.Palettes;

/// <summary>The distinct values of a set of weights, ascending, and their numbers of occurrences: the input of
/// one-dimensional k-means. Buffers are reused between loads; not thread-safe.</summary>
internal sealed class ValueCounts
{
    private const int HalfKinds = 1 << 16;
    private const int ConversionLength = 4096;

    // Above this number of weights the sorting buffers are released after a load.
    private const int LargestKept = 1 << 20;
    private uint[] keys = [];
    private uint[] scratch = [];
    private float[] values = [];
    private int[] counts = [];

    /// <summary>Number of distinct values.</summary>
    internal int Length { get; private set; }

    /// <summary>The distinct values, ascending.</summary>
    internal ReadOnlySpan<float> Values => values.AsSpan(0, Length);

    /// <summary>Number of occurrences of each distinct value.</summary>
    internal ReadOnlySpan<int> Counts => counts.AsSpan(0, Length);

    /// <summary>Sorts a set of weights. −0 counts as 0.</summary>
    /// <exception cref="UnquantizableWeightException">There are no values, or one is a NaN or an infinity.</exception>
    internal void Load(ReadOnlySpan<float> weights)
    {
        RequireAny(weights);
        Reserve(weights.Length);
        Sort(weights);
        float smallest = FromKey(keys[0]),
            largest = FromKey(keys[weights.Length - 1]);
        if (!float.IsFinite(smallest) || !float.IsFinite(largest))
            throw NotFinite(float.IsFinite(smallest) ? largest : smallest);
        Length = 0;
        uint run = keys[0];
        int start = 0;
        for (int i = 1; i <= weights.Length; i++)
        {
            if (i < weights.Length && keys[i] == run)
                continue;
            values[Length] = FromKey(run);
            counts[Length++] = i - start;
            if (i == weights.Length)
                break;
            run = keys[i];
            start = i;
        }
        if (weights.Length <= LargestKept)
            return;
        keys = [];
        scratch = [];
    }

    /// <summary>Loads a set of weights. Many weights of a 16-bit type are counted in a histogram of its 65 536 values;
    /// all others are sorted.</summary>
    /// <exception cref="UnquantizableWeightException">There are no values, or one is a NaN or an infinity.</exception>
    internal void Load(ReadOnlySpan<float> weights, ElementType original)
    {
        if (original is not (ElementType.Float16 or ElementType.BFloat16) || weights.Length < HalfKinds)
        {
            Load(weights);
            return;
        }
        int[] histogram = new int[HalfKinds];
        Span<Half> halves = stackalloc Half[ConversionLength];
        for (int start = 0; start < weights.Length; start += ConversionLength)
        {
            ReadOnlySpan<float> piece = weights.Slice(start, Math.Min(ConversionLength, weights.Length - start));
            if (original == ElementType.BFloat16)
            {
                foreach (float value in piece)
                    histogram[BFloat16.ToBits(value)]++;
            }
            else
            {
                TensorPrimitives.ConvertToHalf(piece, halves);
                foreach (Half value in halves[..piece.Length])
                    histogram[BitConverter.HalfToUInt16Bits(value)]++;
            }
        }
        Reserve(HalfKinds);
        Gather(histogram, original);
    }

    // Lists the values in ascending order: negative ones, zero (of both signs), then positive ones.
    private void Gather(int[] histogram, ElementType original)
    {
        const int negative = HalfKinds / 2;
        histogram[0] += histogram[negative];
        histogram[negative] = 0;
        Length = 0;
        for (int position = 0; position < HalfKinds; position++)
        {
            int kind = position < negative ? HalfKinds - 1 - position : position - negative;
            if (histogram[kind] == 0)
                continue;
            float value =
                original == ElementType.BFloat16
                    ? BFloat16.ToSingle((ushort)kind)
                    : (float)BitConverter.UInt16BitsToHalf((ushort)kind);
            if (!float.IsFinite(value))
                throw NotFinite(value);
            values[Length] = value;
            counts[Length++] = histogram[kind];
        }
    }

    private void Reserve(int length)
    {
        if (keys.Length < length)
        {
            keys = new uint[length];
            scratch = new uint[length];
        }
        if (values.Length >= length)
            return;
        values = new float[length];
        counts = new int[length];
    }

    // Radix sort by bytes, least significant first. A byte that is equal in all keys is skipped, such as the lowest one
    // of half-precision originals.
    private void Sort(ReadOnlySpan<float> weights)
    {
        const int digits = 4,
            kinds = 256;
        Span<int> starts = stackalloc int[digits * kinds];
        starts.Clear();
        for (int i = 0; i < weights.Length; i++)
        {
            uint key = ToKey(weights[i]);
            keys[i] = key;
            for (int digit = 0; digit < digits; digit++)
                starts[(digit * kinds) + (int)((key >> (8 * digit)) & 0xFF)]++;
        }
        for (int digit = 0; digit < digits; digit++)
        {
            Span<int> next = starts.Slice(digit * kinds, kinds);
            int shift = 8 * digit;
            if (next[(int)((keys[0] >> shift) & 0xFF)] == weights.Length)
                continue;
            int total = 0;
            for (int kind = 0; kind < kinds; kind++)
                (next[kind], total) = (total, total + next[kind]);
            foreach (uint key in keys.AsSpan(0, weights.Length))
                scratch[next[(int)((key >> shift) & 0xFF)]++] = key;
            (keys, scratch) = (scratch, keys);
        }
    }

    // Maps floats to integers of the same order: flips all bits of negative values and only the sign bit of others.
    private static uint ToKey(float value)
    {
        uint bits = BitConverter.SingleToUInt32Bits(value);
        if (bits == 0x80000000u)
            bits = 0;
        return bits ^ ((uint)((int)bits >> 31) | 0x80000000u);
    }

    private static float FromKey(uint key) =>
        BitConverter.UInt32BitsToSingle(key ^ ((uint)((int)~key >> 31) | 0x80000000u));

    private static void RequireAny(ReadOnlySpan<float> weights)
    {
        if (weights.IsEmpty)
            throw new UnquantizableWeightException(
                "There are no values to cluster; a channel needs at least one weight."
            );
    }

    private static UnquantizableWeightException NotFinite(float value) =>
        new(
            $"The values hold {value}; only finite weights can be quantized. The checkpoint is damaged or its training diverged."
        );
}
