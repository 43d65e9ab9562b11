using System.Buffers;
using System.Runtime.CompilerServices;
using Qua2SeDiMo.Kernels.Decoding;
using Qua2SeDiMo.Kernels.Layout;
using Qua2SeDiMo.Kernels.MicroKernels;
using Qua2SeDiMo.Kernels.Scheduling;

namespace Qua2SeDiMo.Kernels.Gemm;

/// <summary>y[t, c] = Σ_k x[t, k]·w[c, k] + bias[c] for at most <see cref="MostTokens"/> tokens and 4 bits: bound by reading the codes, not by arithmetic.</summary>
internal sealed unsafe class FewTokensProduct(float* x, int tokens, PaletteMatrix weight, float* bias, float* y)
{
    /// <summary>More tokens are faster through panels.</summary>
    internal const int MostTokens = 16;

    // Enough work to be worth handing to a thread.
    private const int PartProducts = 1 << 16, Lanes = PaletteLayout.Lanes, MostChannels = 4;

    /// <summary>Computes everything.</summary>
    internal void Run(PartRunner run) => PartCut.RunChannels(run, weight, tokens, MostChannels, PartProducts, (_, _, from, to) => Part(from, to));

    // Each part lays out all tokens: that takes less time than reading what another core has just written.
    private void Part(int from, int to)
    {
        float[] rented = ArrayPool<float>.Shared.Rent(((tokens + MostChannels) * weight.Layout.VectorCount * Lanes) + Lanes);
        fixed (float* start = rented)
        {
            float* inputs = PanelGeometry.Aligned(start), place = inputs;
            for (int first = 0; first < tokens; first += Width(tokens - first)) place = LayOut(first, Width(tokens - first), place);
            Multiply(from, to, inputs);
        }
        ArrayPool<float>.Shared.Return(rented);
    }

    // Tokens taken together when so many are left.
    private static int Width(int left) => left > 4 ? 8 : left > 1 ? 4 : 1;

    private float* LayOut(int first, int width, float* place)
    {
        int length = weight.RowLength, vectors = weight.Layout.VectorCount, real = Math.Min(width, tokens - first);
        for (int vector = 0; vector < vectors; vector++)
        {
            int start = vector * Lanes, count = Math.Min(Lanes, length - start);
            for (int token = 0; token < width; token++, place += Lanes)
            {
                int given = token < real ? count : 0;
                new ReadOnlySpan<float>(x + ((long)(first + token) * length) + start, given).CopyTo(new Span<float>(place, Lanes));
                if (given < Lanes) new Span<float>(place + given, Lanes - given).Clear();
            }
        }
        return place;
    }

    [SkipLocalsInit]
    private void Multiply(int from, int to, float* inputs)
    {
        float* tables = stackalloc float[MostChannels * PaletteTable.Length], sums = stackalloc float[Lanes];
        byte** codes = stackalloc byte*[MostChannels];
        for (int channel = from; channel < to; channel += MostChannels)
        {
            // The last channel stands in for those that are missing.
            for (int i = 0; i < MostChannels; i++)
            {
                int real = Math.Min(channel + i, to - 1);
                codes[i] = weight.Codes(real);
                PaletteTable.Read(weight, real, tables + (i * PaletteTable.Length));
            }
            float* place = inputs;
            for (int first = 0; first < tokens;)
            {
                int width = Width(tokens - first), together = width == 8 ? 2 : MostChannels;
                for (int i = 0; i < MostChannels; i += together)
                {
                    switch (width)
                    {
                        case 8: DotProduct512.Run8(weight.Layout, codes + i, tables + (i * PaletteTable.Length), place, sums); break;
                        case 4: DotProduct512.Run4(weight.Layout, codes, tables, place, sums); break;
                        default: DotProduct512.Run1(weight.Layout, codes, tables, place, sums); break;
                    }
                    Store(channel + i, Math.Min(together, to - channel - i), first, Math.Min(width, tokens - first), width, sums);
                }
                place += (long)width * weight.Layout.VectorCount * Lanes;
                first += width;
            }
        }
    }

    private void Store(int channel, int channels, int first, int count, int width, float* sums)
    {
        for (int i = 0; i < channels; i++)
        {
            float added = bias is null ? 0f : bias[channel + i];
            for (int token = 0; token < count; token++) y[((long)(first + token) * weight.OutChannels) + channel + i] = sums[(i * width) + token] + added;
        }
    }
}
