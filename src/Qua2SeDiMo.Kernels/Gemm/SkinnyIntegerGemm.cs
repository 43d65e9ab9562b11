using System.Buffers;
using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Qua2SeDiMo.Kernels.Decoding;
using Qua2SeDiMo.Kernels.Layout;
using Qua2SeDiMo.Kernels.MicroKernels;
using Qua2SeDiMo.Kernels.Scheduling;

namespace Qua2SeDiMo.Kernels.Gemm;

/// <summary><see cref="IntegerProduct"/> for at most <see cref="VnniDotProduct.MaxTokens"/> tokens and codes of at most
/// 4 bits. Only the tokens are packed; codes are read from the weight as they are.</summary>
internal sealed unsafe class SkinnyIntegerGemm(
    float* x,
    int tokens,
    PaletteMatrix weight,
    float* bias,
    int activationBits,
    float* y
)
{
    private const int MinItemProducts = 1 << 17,
        Lanes = PaletteLayout.Lanes,
        VectorBytes = VnniDotProduct.VectorBytes,
        PerWord = 4,
        MaxChannels = 4,
        MaxSums = 20;

    private static readonly byte[][] ShiftsOf = [.. Enumerable.Range(0, VnniDotProduct.MaxBits + 1).Select(Shifts)];

    private readonly int rows = VnniDotProduct.TokensFor(tokens) + 1,
        together = VnniDotProduct.ChannelsFor(VnniDotProduct.TokensFor(tokens)),
        wordVectors = VnniDotProduct.WordVectorsFor(weight.Spec.Bits);

    /// <summary>Computes everything.</summary>
    internal void Run(WorkRunner run) =>
        WorkSplit.RunChannels(run, weight, tokens, together, MinItemProducts, (_, _, from, to) => RunItem(from, to));

    // Each work item quantizes all tokens: faster than reading cache lines that another core has just written.
    private void RunItem(int from, int to)
    {
        int perBlock = weight.Layout.VectorsPerBlock,
            blocks = ((weight.Layout.VectorCount - 1) / perBlock) + 1,
            words = blocks * wordVectors * Lanes;
        int[] rented = ArrayPool<int>.Shared.Rent((rows * words) + Lanes);
        rented.AsSpan().Clear();
        Span<TokenRange> ranges = stackalloc TokenRange[tokens];
        fixed (int* start = rented)
        {
            var inputs = (int*)PanelGeometry.Aligned((float*)start);
            for (int token = 0; token < tokens; token++)
            {
                ranges[token] = TokenQuantizer.Quantize(
                    x + ((long)token * weight.RowLength),
                    weight.RowLength,
                    activationBits,
                    PerWord,
                    perBlock,
                    inputs + (token * Lanes),
                    words / Lanes,
                    rows * Lanes
                );
            }
            Ones(inputs + ((rows - 1) * Lanes), perBlock);
            Multiply(from, to, (byte*)inputs, ranges);
        }
        ArrayPool<int>.Shared.Return(rented);
    }

    // A row of ones as an additional token, whose result is the sum of a channel's integers.
    private void Ones(int* row, int perBlock)
    {
        for (int first = 0, block = 0, vector = 0; first < weight.RowLength; first += Lanes)
        {
            var slots = new Span<int>(
                row + ((((block * wordVectors) + (vector / PerWord)) * rows) * Lanes),
                Math.Min(Lanes, weight.RowLength - first)
            );
            TensorPrimitives.BitwiseOr(slots, 1 << (vector % PerWord * 8), slots);
            if (++vector == perBlock)
                (block, vector) = (block + 1, 0);
        }
    }

    [SkipLocalsInit]
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Multiply(int from, int to, byte* inputs, ReadOnlySpan<TokenRange> ranges)
    {
        PaletteLayout layout = weight.Layout;
        sbyte* tables = stackalloc sbyte[MaxChannels * VectorBytes];
        byte* rest = stackalloc byte[MaxChannels * VectorBytes];
        // The sums of full blocks, then those of the remaining vectors. Lanes are summed four vectors at a time.
        int* sums = stackalloc int[2 * MaxSums * Lanes],
            totals = stackalloc int[MaxSums];
        new Span<int>(sums, 2 * MaxSums * Lanes).Clear();
        float* scales = stackalloc float[MaxChannels];
        fixed (byte* shifts = ShiftsOf[layout.Spec.Bits])
        {
            var frame = new DotProductFrame { Tables = tables, Shifts = shifts };
            for (int channel = from; channel < to; channel += together)
            {
                for (int i = 0; i < together; i++)
                {
                    // Missing channels repeat the last one; their sums are not stored.
                    int real = Math.Min(channel + i, to - 1);
                    Vector128<sbyte> palette = IntegerPalette.ReadBytes(weight, real, out scales[i]);
                    Vector512
                        .Create(Vector256.Create(palette, palette), Vector256.Create(palette, palette))
                        .Store(tables + (i * VectorBytes));
                    frame.Codes[i] = (ulong)weight.Codes(real);
                }
                if (layout.BlockCount > 0)
                    Run(&frame, inputs, layout.BlockCount, sums);
                if (layout.RestVectors > 0)
                {
                    for (int i = 0; i < together; i++)
                    {
                        RowDecoder512
                            .RestWords(layout, weight.Codes(Math.Min(channel + i, to - 1)))
                            .Store((int*)rest + (i * Lanes));
                        frame.Codes[i] = (ulong)(rest + (i * VectorBytes));
                    }
                    Run(
                        &frame,
                        inputs + ((long)layout.BlockCount * wordVectors * rows * VectorBytes),
                        1,
                        sums + (MaxSums * Lanes)
                    );
                }
                Total(sums, totals);
                for (int i = 0; i < Math.Min(together, to - channel); i++)
                    Store(channel + i, scales[i], totals + (i * rows), ranges);
            }
        }
    }

    private void Run(DotProductFrame* frame, byte* inputs, int blocks, int* sums)
    {
        frame->Inputs = inputs;
        frame->Blocks = blocks;
        frame->Sums = sums;
        VnniDotProduct.Run(weight.Spec.Bits, rows - 1, frame);
    }

    private void Total(int* sums, int* totals)
    {
        for (int i = 0; i < together * rows; i += 4, sums += 4 * Lanes)
        {
            LaneSums
                .Of(Both(sums), Both(sums + Lanes), Both(sums + (2 * Lanes)), Both(sums + (3 * Lanes)))
                .Store(totals + i);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<int> Both(int* sums) => Vector512.Load(sums) + Vector512.Load(sums + (MaxSums * Lanes));

    private void Store(int channel, float scale, int* totals, ReadOnlySpan<TokenRange> ranges)
    {
        float added = bias is null ? 0f : bias[channel];
        for (int token = 0; token < ranges.Length; token++)
            y[((long)token * weight.OutChannels) + channel] = ranges[token]
                .Value(totals[token], totals[rows - 1], scale, added);
    }

    // For each byte of each word vector, the bit of its 64-bit element at which the code begins.
    private static byte[] Shifts(int bits)
    {
        byte[] shifts = new byte[bits < VnniDotProduct.MinBits ? 0 : VnniDotProduct.WordVectorsFor(bits) * VectorBytes];
        for (int i = 0; i < shifts.Length; i++)
        {
            int vector = (i / VectorBytes * PerWord) + (i % PerWord),
                word = i / PerWord % 2;
            shifts[i] = (byte)((word * 32) + (bits * vector));
        }
        return shifts;
    }
}
