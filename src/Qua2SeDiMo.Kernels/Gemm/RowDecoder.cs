using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Qua2SeDiMo.Kernels.Decoding;
using Qua2SeDiMo.Kernels.Layout;
using Qua2SeDiMo.Kernels.MicroKernels;

namespace Qua2SeDiMo.Kernels.Gemm;

/// <summary>Decodes the weights of one channel, a K block at a time, as floats or as words of packed integers that one
/// instruction multiplies.</summary>
internal static unsafe class RowDecoder
{
    // A multiple of the vectors of a block for 2, 3 and 4 bits (16, 10 and 8) and of the integers of a word.
    private const int ChunkVectors = 160;

    /// <summary>Writes palette[code] of inputs [16·first, 16·(first + count)); first must be the first vector of a
    /// block.</summary>
    internal static void Decode(
        MicroKernelSet micro,
        PaletteMatrix weight,
        int channel,
        float* palette,
        int first,
        int count,
        float* row
    )
    {
        PaletteLayout layout = weight.Layout;
        if (PaletteTable.Holds(layout.Spec.Bits))
        {
            micro.Decode(layout, weight.Codes(channel), palette, first, count, row);
            return;
        }
        var codes = new ReadOnlySpan<byte>(weight.Codes(channel), layout.CodeRowBytes);
        int start = first * PaletteLayout.Lanes,
            slots = count * PaletteLayout.Lanes,
            real = Math.Min(slots, layout.RowLength - start);
        for (int i = 0; i < real; i++)
            row[i] = palette[layout.Code(codes, start + i)];
        new Span<float>(row + real, slots - real).Clear();
    }

    /// <summary>Buffer length that <see cref="DecodeInputs"/> needs for a number of inputs: blocks are decoded
    /// whole.</summary>
    internal static int SlotsFor(int inputs) => inputs + (3 * PaletteLayout.Lanes * PaletteLayout.Lanes);

    /// <summary>Writes palette[code] of inputs [first, first + count), which may begin anywhere.</summary>
    /// <returns>Pointer to the first of these inputs inside the chunk.</returns>
    internal static float* DecodeInputs(
        MicroKernelSet micro,
        PaletteMatrix weight,
        int channel,
        float* palette,
        int first,
        int count,
        float* chunk
    )
    {
        int perBlock = weight.Layout.VectorsPerBlock * PaletteLayout.Lanes,
            start = first / perBlock * perBlock,
            end = (((first + count - 1) / perBlock) + 1) * perBlock;
        int vectors = Math.Min(end / PaletteLayout.Lanes, weight.Layout.VectorCount) - (start / PaletteLayout.Lanes);
        Decode(micro, weight, channel, palette, start / PaletteLayout.Lanes, vectors, chunk);
        return chunk + (first - start);
    }

    /// <summary>
    /// Writes words [first, first + count) of integers: lane l of word vector v holds those of inputs l of the vectors
    /// v·n to v·n + n − 1, the first one in the lowest bits. Inputs beyond the channel's end are zeros.
    /// </summary>
    /// <param name="micro">Determines n, the integers of one word.</param>
    /// <param name="weight">The weight.</param>
    /// <param name="channel">From 0.</param>
    /// <param name="integers">Palette of 32-bit integers.</param>
    /// <param name="first">First word; the start of a K block.</param>
    /// <param name="count">Words, a multiple of 16.</param>
    /// <param name="row">Words.</param>
    /// <returns>Sum of the integers.</returns>
    [SkipLocalsInit]
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static int DecodeWords(
        MicroKernelSet micro,
        PaletteMatrix weight,
        int channel,
        int* integers,
        int first,
        int count,
        int* row
    )
    {
        int* chunk = stackalloc int[ChunkVectors * PaletteLayout.Lanes];
        int perWord = micro.IntegersPerWord,
            length = weight.RowLength,
            vectorCount = weight.Layout.VectorCount;
        int end = (first + count) / PaletteLayout.Lanes * perWord,
            total = 0;
        if (perWord == 4 && WordDecoder512.IsSupported && PaletteTable.Holds(weight.Spec.Bits))
        {
            int done = WordDecoder512.Decode(
                weight.Layout,
                weight.Codes(channel),
                integers,
                first,
                count,
                row,
                out total
            );
            first += done;
            row += done;
        }
        int vector = first / PaletteLayout.Lanes * perWord;
        Vector256<int> sums = Vector256<int>.Zero;
        for (; vector < end; vector += ChunkVectors)
        {
            int vectors = Math.Min(ChunkVectors, end - vector),
                stored = Math.Min(vectors, vectorCount - vector);
            Decode(micro, weight, channel, (float*)integers, vector, stored, (float*)chunk);
            int real = Math.Min(stored * PaletteLayout.Lanes, length - (vector * PaletteLayout.Lanes)),
                slots = vectors * PaletteLayout.Lanes;
            if (real < slots)
                new Span<int>(chunk + real, slots - real).Clear();
            for (int i = 0; i < slots; i += perWord * PaletteLayout.Lanes, row += PaletteLayout.Lanes)
            {
                sums += perWord == 2 ? Pair(chunk + i, row) : Four(chunk + i, row);
            }
        }
        return total + Vector256.Sum(sums);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> Pair(int* chunk, int* row)
    {
        Vector256<int> mask = Vector256.Create(0xFFFF),
            a = Vector256.Load(chunk),
            b = Vector256.Load(chunk + 8),
            c = Vector256.Load(chunk + 16),
            d = Vector256.Load(chunk + 24);
        ((a & mask) | (c << 16)).Store(row);
        ((b & mask) | (d << 16)).Store(row + 8);
        return a + b + c + d;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> Four(int* chunk, int* row) => Quarter(chunk, row) + Quarter(chunk + 8, row + 8);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> Quarter(int* chunk, int* row)
    {
        Vector256<int> mask = Vector256.Create(0xFF),
            a = Vector256.Load(chunk),
            b = Vector256.Load(chunk + 16),
            c = Vector256.Load(chunk + 32),
            d = Vector256.Load(chunk + 48);
        ((a & mask) | ((b & mask) << 8) | ((c & mask) << 16) | (d << 24)).Store(row);
        return a + b + c + d;
    }
}
