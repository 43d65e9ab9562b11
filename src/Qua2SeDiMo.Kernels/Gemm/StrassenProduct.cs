using System.Buffers;
using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Qua2SeDiMo.Kernels.Decoding;
using Qua2SeDiMo.Kernels.Layout;
using Qua2SeDiMo.Kernels.MicroKernels;
using Qua2SeDiMo.Kernels.Scheduling;

namespace Qua2SeDiMo.Kernels.Gemm;

/// <summary>
/// A large product in single precision with an eighth fewer multiplications: one level of Strassen's algorithm in
/// Winograd's form (S. Winograd, "On multiplication of 2 × 2 matrices", 1971). Weights A are halved by output channels
/// and by inputs, activations B by inputs and by tokens, sums C likewise; seven products of quarters take the place of
/// eight: <code> S1 = A21 + A22   S2 = S1 − A11   S3 = A11 − A21   S4 = A12 − S2
/// T1 = B12 − B11   T2 = B22 − T1   T3 = B22 − B12   T4 = B21 − T2
/// U = A11·B11 + S2·T2   V = U + S3·T3   W = S1·T1
/// C11 = A11·B11 + A12·B21   C12 = U + W + S4·B22   C21 = V + A22·T4   C22 = V + W
/// </code>
/// Each panel of tokens is paired with the next one and each tile of channels with the next, so a sum depends neither
/// on work items nor on threads.
/// </summary>
internal sealed unsafe class StrassenProduct(
    MicroKernelSet micro,
    FloatProduct product,
    PaletteMatrix weight,
    int tokens
)
{
    // Inputs of one half that are decoded at once. Since blocks are decoded whole, more are written; the rows of a
    // panel product have room for them.
    private const int BlockInputs = 768;

    // Channels multiplied at a time, upper and lower tiles alternating.
    private const int GroupChannels = 2 * PanelGeometry.GroupChannels,
        RowWords = PanelGeometry.GroupChannels * PanelGeometry.Stride;

    private const int MinTokens = 64,
        MinTokensWithRest = 256,
        MinInputs = 256,
        MinChannels = 256,
        MaxPairs = 8,
        PanelWords = 3 << 20;

    private readonly int half = weight.RowLength / 2,
        wide = micro.WideTokens,
        tile = micro.TileChannels;

    private int PairTokens => 2 * wide;

    /// <summary>Channels of an upper and a lower tile.</summary>
    private int UnitChannels => 2 * tile;

    private long PanelPitch => PanelGeometry.PanelPitch(wide, weight.RowLength);

    /// <summary>Words from one of the sums T1 to T4 to the next.</summary>
    private long SumPitch => PanelGeometry.PanelPitch(wide, half);

    /// <summary>The number of leading tokens for which this product is faster; the others are multiplied directly. A
    /// last pair of panels whose second panel would not be wide is left out.</summary>
    internal static int TokensFor(MicroKernelSet micro, PaletteMatrix weight, int tokens)
    {
        if (weight.OutChannels < MinChannels || weight.RowLength < MinInputs || weight.RowLength % 2 != 0)
            return 0;
        int pair = 2 * micro.WideTokens,
            rest = tokens % pair;
        if (rest > pair * 3 / 4)
            rest = 0;
        return tokens - rest >= (rest == 0 ? MinTokens : MinTokensWithRest) ? tokens - rest : 0;
    }

    /// <summary>Computes everything.</summary>
    internal void Run(WorkRunner run)
    {
        int pairs = ((tokens - 1) / PairTokens) + 1,
            units = ((weight.OutChannels - 1) / UnitChannels) + 1;
        (int perBlock, int perShare) = WorkSplit.Find(
            pairs,
            units,
            (int)Math.Clamp(PanelWords / (4 * PanelPitch), 2, MaxPairs),
            new WorkCosts(8, 1, 4),
            Environment.ProcessorCount
        );
        Run(run, perBlock, perShare);
    }

    /// <summary>Computes everything in work items of the given numbers of panel pairs and tile pairs.</summary>
    internal void Run(WorkRunner run, int pairsPerBlock, int unitsPerShare) =>
        WorkSplit.Run(
            run,
            0,
            tokens,
            pairsPerBlock * PairTokens,
            weight.OutChannels,
            unitsPerShare * UnitChannels,
            RunItem
        );

    private void RunItem(int firstToken, int count, int firstChannel, int endChannel)
    {
        int pairs = ((count - 1) / PairTokens) + 1,
            pitch = (pairs * wide) + PanelGeometry.AlignmentWords;
        float[] rentedPanels = ArrayPool<float>.Shared.Rent(
            checked((int)(pairs * ((2 * PanelPitch) + (4 * SumPitch))) + PanelGeometry.AlignmentWords)
        );
        float[] rentedRows = ArrayPool<float>.Shared.Rent((5 * RowWords) + PanelGeometry.AlignmentWords);
        float[] rentedResults = ArrayPool<float>.Shared.Rent(
            (4 * GroupChannels * pitch) + PanelGeometry.AlignmentWords
        );
        fixed (
            float* panelStart = rentedPanels,
                rowStart = rentedRows,
                resultStart = rentedResults
        )
        {
            float* panels = PanelGeometry.Aligned(panelStart),
                sums = panels + (pairs * 2 * PanelPitch),
                rows = PanelGeometry.Aligned(rowStart),
                results = PanelGeometry.Aligned(resultStart);
            product.Pack(firstToken, count, panels);
            for (int pair = 0; pair < pairs; pair++)
                AddInputs(panels + (pair * 2 * PanelPitch), sums + (pair * 4 * SumPitch));
            for (int channel = firstChannel; channel < endChannel; channel += GroupChannels)
            {
                int channels = Math.Min(GroupChannels, endChannel - channel);
                Multiply(channel, ((channels - 1) / UnitChannels) + 1, pairs, panels, sums, rows, results, pitch);
                Store(channel, channels, firstToken, count, results, pitch);
            }
        }
        ArrayPool<float>.Shared.Return(rentedPanels);
        ArrayPool<float>.Shared.Return(rentedRows);
        ArrayPool<float>.Shared.Return(rentedResults);
    }

    // T1 to T4 of a pair of panels.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void AddInputs(float* pair, float* sums)
    {
        float* next = pair + PanelPitch;
        long words = (long)half * wide,
            apart = SumPitch;
        for (long i = 0; i < words; i += Vector256<float>.Count)
        {
            Vector256<float> b12 = Vector256.Load(next + i),
                b22 = Vector256.Load(next + words + i),
                t1 = b12 - Vector256.Load(pair + i),
                t2 = b22 - t1;
            t1.Store(sums + i);
            t2.Store(sums + apart + i);
            (b22 - b12).Store(sums + (2 * apart) + i);
            (Vector256.Load(pair + words + i) - t2).Store(sums + (3 * apart) + i);
        }
    }

    // Writes the sums [channel, pitch] of the first panels of all pairs, and one group further those of the second.
    private void Multiply(
        int firstChannel,
        int units,
        int pairs,
        float* panels,
        float* sums,
        float* rows,
        float* results,
        int pitch
    )
    {
        int perBlock = weight.Layout.VectorsPerBlock * PaletteLayout.Lanes,
            lower = tile * pitch,
            group = GroupChannels * pitch;
        float* c11 = results,
            c21 = c11 + lower,
            c12 = c11 + group,
            c22 = c12 + lower,
            u = c12 + group,
            v = u + lower,
            w = u + group;
        for (int k = 0, length; k < half; k += length)
        {
            length = Math.Min(BlockInputs, half - k);
            bool more = k > 0;
            Decode(firstChannel, units, k, length, rows);
            Decode(firstChannel + tile, units, k, length, rows + (2 * RowWords));
            // Blocks are decoded whole, so the wanted inputs begin inside the first block.
            float* a11 = rows + (k % perBlock),
                a12 = rows + RowWords + ((half + k) % perBlock),
                a21 = a11 + (2 * RowWords),
                a22 = a12 + (2 * RowWords),
                s3 = a11 + (4 * RowWords);
            float* b11 = panels + ((long)k * wide),
                b21 = b11 + ((long)half * wide),
                b22 = b21 + PanelPitch;
            float* t1 = sums + ((long)k * wide),
                t2 = t1 + SumPitch,
                t3 = t2 + SumPitch,
                t4 = t3 + SumPitch;
            var panel = new Panels(pairs, length, 2 * PanelPitch);
            var sum = panel with { Pitch = 4 * SumPitch };

            Tiles(a11, units, b11, panel, u, pitch, add: false);
            Accumulate(u, c11, units, pitch, more);
            Tiles(a12, units, b21, panel, c11, pitch, add: true);
            for (int i = 0, at = 0; i < units * tile; i++, at += PanelGeometry.Stride)
                AddWeights(a11 + at, a12 + at, a21 + at, a22 + at, s3 + at, length);
            float* s1 = a21,
                s2 = a11,
                s4 = a12;
            Tiles(s3, units, t3, sum, v, pitch, add: false);
            Tiles(s1, units, t1, sum, w, pitch, add: false);
            Tiles(s2, units, t2, sum, u, pitch, add: true);
            Accumulate(u, v, units, pitch, add: true);
            Accumulate(u, c12, units, pitch, more);
            Accumulate(w, c12, units, pitch, add: true);
            Accumulate(v, c21, units, pitch, more);
            Accumulate(v, c22, units, pitch, more);
            Accumulate(w, c22, units, pitch, add: true);
            Tiles(s4, units, b22, panel, c12, pitch, add: true);
            Tiles(a22, units, t4, sum, c21, pitch, add: true);
        }
    }

    // One K block of the panels; the next pair begins a pitch further.
    private readonly record struct Panels(int Pairs, int Inputs, long Pitch);

    private void Tiles(float* weights, int units, float* inputs, Panels panels, float* target, int pitch, bool add)
    {
        for (int pair = 0; pair < panels.Pairs; pair++, inputs += panels.Pitch, target += wide)
        {
            for (int unit = 0; unit < units; unit++)
                micro.Tile(
                    weights + (unit * tile * PanelGeometry.Stride),
                    inputs,
                    panels.Inputs,
                    target + (unit * UnitChannels * pitch),
                    pitch,
                    add,
                    wide
                );
        }
    }

    private void Accumulate(float* source, float* target, int units, int pitch, bool add)
    {
        for (int unit = 0; unit < units; unit++, source += UnitChannels * pitch, target += UnitChannels * pitch)
        {
            var from = new ReadOnlySpan<float>(source, tile * pitch);
            var to = new Span<float>(target, tile * pitch);
            if (add)
                TensorPrimitives.Add(to, from, to);
            else
                from.CopyTo(to);
        }
    }

    // S2, S4 and S1 overwrite A11, A12 and A21; S3 has its own rows. The last vector may run past count; rows are
    // padded and the padding is never read.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void AddWeights(float* a11, float* a12, float* a21, float* a22, float* s3, int count)
    {
        for (int i = 0; i < count; i += Vector256<float>.Count)
        {
            Vector256<float> upper = Vector256.Load(a11 + i),
                lower = Vector256.Load(a21 + i),
                s1 = lower + Vector256.Load(a22 + i),
                s2 = s1 - upper;
            s2.Store(a11 + i);
            (Vector256.Load(a12 + i) - s2).Store(a12 + i);
            s1.Store(a21 + i);
            (upper - lower).Store(s3 + i);
        }
    }

    // One K block of both halves of the inputs, one tile of each unit; missing channels are zeros.
    [SkipLocalsInit]
    private void Decode(int firstChannel, int units, int first, int count, float* rows)
    {
        float* palette = stackalloc float[ChannelPalette.MaxEntries];
        for (int i = 0; i < units * tile; i++, rows += PanelGeometry.Stride)
        {
            int channel = firstChannel + (i / tile * UnitChannels) + (i % tile);
            if (channel >= weight.OutChannels)
            {
                new Span<float>(rows, PanelGeometry.Stride).Clear();
                new Span<float>(rows + RowWords, PanelGeometry.Stride).Clear();
                continue;
            }
            ChannelPalette.Read(weight, channel, palette);
            RowDecoder.DecodeInputs(micro, weight, channel, palette, first, count, rows);
            RowDecoder.DecodeInputs(micro, weight, channel, palette, half + first, count, rows + RowWords);
        }
    }

    private void Store(int firstChannel, int channels, int firstToken, int count, float* results, int pitch)
    {
        for (int done = 0; done < count; done += PairTokens, results += wide)
        {
            int token = firstToken + done;
            product.Store(firstChannel, channels, token, wide, results, pitch, null);
            product.Store(
                firstChannel,
                channels,
                token + wide,
                Math.Min(wide, count - done - wide),
                results + (GroupChannels * pitch),
                pitch,
                null
            );
        }
    }
}
