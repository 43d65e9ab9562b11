using System.Buffers;
using System.Runtime.CompilerServices;
using Qua2SeDiMo.Kernels.Decoding;
using Qua2SeDiMo.Kernels.Layout;
using Qua2SeDiMo.Kernels.MicroKernels;
using Qua2SeDiMo.Kernels.Scheduling;

namespace Qua2SeDiMo.Kernels.Gemm;

/// <summary>y[t, c] = Σ_k x[t, k]·w[c, k] + bias[c] for at most <see cref="MaxTokens"/> tokens and codes of at most 4
/// bits: bound by reading the codes, not by arithmetic.</summary>
internal sealed unsafe class SkinnyGemm(float* x, int tokens, PaletteMatrix weight, float* bias, float* y)
{
    /// <summary>Largest number of tokens; a product by panels is faster for more.</summary>
    internal const int MaxTokens = 16;

    // MinItemProducts: smallest number of multiplications for which a further thread pays.
    private const int MinItemProducts = 1 << 16,
        Lanes = PaletteLayout.Lanes,
        MaxChannels = 4;

    /// <summary>Computes everything.</summary>
    internal void Run(WorkRunner run) =>
        WorkSplit.RunChannels(run, weight, tokens, MaxChannels, MinItemProducts, (_, _, from, to) => RunItem(from, to));

    // Each work item packs all tokens: faster than reading cache lines that another core has just written.
    private void RunItem(int from, int to)
    {
        float[] rented = ArrayPool<float>.Shared.Rent(
            ((tokens + MaxChannels) * weight.Layout.VectorCount * Lanes) + Lanes
        );
        fixed (float* start = rented)
        {
            float* inputs = PanelGeometry.Aligned(start),
                packed = inputs;
            for (int first = 0; first < tokens; first += Width(tokens - first))
                packed = Pack(first, Width(tokens - first), packed);
            Multiply(from, to, inputs);
        }
        ArrayPool<float>.Shared.Return(rented);
    }

    // Tokens that the next call of a dot product multiplies at once.
    private static int Width(int left) =>
        left > 4 ? 8
        : left > 1 ? 4
        : 1;

    private float* Pack(int first, int width, float* packed)
    {
        int length = weight.RowLength,
            vectors = weight.Layout.VectorCount,
            real = Math.Min(width, tokens - first);
        for (int vector = 0; vector < vectors; vector++)
        {
            int start = vector * Lanes,
                count = Math.Min(Lanes, length - start);
            for (int token = 0; token < width; token++, packed += Lanes)
            {
                int given = token < real ? count : 0;
                new ReadOnlySpan<float>(x + ((long)(first + token) * length) + start, given).CopyTo(
                    new Span<float>(packed, Lanes)
                );
                if (given < Lanes)
                    new Span<float>(packed + given, Lanes - given).Clear();
            }
        }
        return packed;
    }

    [SkipLocalsInit]
    private void Multiply(int from, int to, float* inputs)
    {
        float* tables = stackalloc float[MaxChannels * PaletteTable.Length],
            sums = stackalloc float[Lanes];
        byte** codes = stackalloc byte*[MaxChannels];
        for (int channel = from; channel < to; channel += MaxChannels)
        {
            // Missing channels repeat the last one; their sums are not stored.
            for (int i = 0; i < MaxChannels; i++)
            {
                int real = Math.Min(channel + i, to - 1);
                codes[i] = weight.Codes(real);
                PaletteTable.Read(weight, real, tables + (i * PaletteTable.Length));
            }
            float* packed = inputs;
            for (int first = 0; first < tokens; )
            {
                int width = Width(tokens - first),
                    together = width == 8 ? 2 : MaxChannels;
                for (int i = 0; i < MaxChannels; i += together)
                {
                    switch (width)
                    {
                        case 8:
                            DotProduct512.Run8(
                                weight.Layout,
                                codes + i,
                                tables + (i * PaletteTable.Length),
                                packed,
                                sums
                            );
                            break;
                        case 4:
                            DotProduct512.Run4(weight.Layout, codes, tables, packed, sums);
                            break;
                        default:
                            DotProduct512.Run1(weight.Layout, codes, tables, packed, sums);
                            break;
                    }
                    Store(
                        channel + i,
                        Math.Min(together, to - channel - i),
                        first,
                        Math.Min(width, tokens - first),
                        width,
                        sums
                    );
                }
                packed += (long)width * weight.Layout.VectorCount * Lanes;
                first += width;
            }
        }
    }

    private void Store(int channel, int channels, int first, int count, int width, float* sums)
    {
        for (int i = 0; i < channels; i++)
        {
            float added = bias is null ? 0f : bias[channel + i];
            for (int token = 0; token < count; token++)
                y[((long)(first + token) * weight.OutChannels) + channel + i] = sums[(i * width) + token] + added;
        }
    }
}
