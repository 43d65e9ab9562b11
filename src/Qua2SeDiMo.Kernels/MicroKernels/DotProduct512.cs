using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Qua2SeDiMo.Kernels.Decoding;
using Qua2SeDiMo.Kernels.Layout;

namespace Qua2SeDiMo.Kernels.MicroKernels;

/// <summary>Dot products for few tokens: 16 codes at a time are looked up in registers and multiplied immediately, so
/// that decoded weights are never written to memory. Inputs are laid out as [vector of k, token, 16].</summary>
internal static unsafe class DotProduct512
{
    /// <summary>sums[i·1 + t] = Σ_k w[i, k]·x[t, k] of 4 channels and 1 token.</summary>
    /// <param name="layout">At most 4 bits.</param>
    /// <param name="codes">Codes of each channel.</param>
    /// <param name="tables">16 palette entries of each channel.</param>
    /// <param name="x">Inputs.</param>
    /// <param name="sums">Results.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Run1(PaletteLayout layout, byte** codes, float* tables, float* x, float* sums)
    {
        int perBlock = layout.VectorsPerBlock,
            full = layout.BlockCount,
            left = layout.VectorCount;
        Vector128<int> shift = Vector128.CreateScalar(layout.Spec.Bits);
        byte* c0 = codes[0],
            c1 = codes[1],
            c2 = codes[2],
            c3 = codes[3];
        Vector512<float> p0 = Vector512.Load(tables),
            p1 = Vector512.Load(tables + 16),
            p2 = Vector512.Load(tables + 32),
            p3 = Vector512.Load(tables + 48);
        Vector512<float> s0a = Vector512<float>.Zero,
            s1a = Vector512<float>.Zero,
            s2a = Vector512<float>.Zero,
            s3a = Vector512<float>.Zero;
        for (int block = 0; left > 0; block++, left -= perBlock)
        {
            Vector512<int> w0,
                w1,
                w2,
                w3;
            if (block < full)
            {
                w0 = Vector512.Load((int*)(c0 + (block * 64L)));
                w1 = Vector512.Load((int*)(c1 + (block * 64L)));
                w2 = Vector512.Load((int*)(c2 + (block * 64L)));
                w3 = Vector512.Load((int*)(c3 + (block * 64L)));
            }
            else
            {
                w0 = RowDecoder512.RestWords(layout, c0);
                w1 = RowDecoder512.RestWords(layout, c1);
                w2 = RowDecoder512.RestWords(layout, c2);
                w3 = RowDecoder512.RestWords(layout, c3);
            }
            for (int j = Math.Min(perBlock, left); j > 0; j--, x += 16)
            {
                Vector512<float> v0 = Avx512F.PermuteVar16x32(p0, w0),
                    v1 = Avx512F.PermuteVar16x32(p1, w1),
                    v2 = Avx512F.PermuteVar16x32(p2, w2),
                    v3 = Avx512F.PermuteVar16x32(p3, w3);
                Vector512<float> input = Vector512.Load(x);
                s0a = Avx512F.FusedMultiplyAdd(v0, input, s0a);
                s1a = Avx512F.FusedMultiplyAdd(v1, input, s1a);
                s2a = Avx512F.FusedMultiplyAdd(v2, input, s2a);
                s3a = Avx512F.FusedMultiplyAdd(v3, input, s3a);
                w0 = Avx512F.ShiftRightLogical(w0, shift);
                w1 = Avx512F.ShiftRightLogical(w1, shift);
                w2 = Avx512F.ShiftRightLogical(w2, shift);
                w3 = Avx512F.ShiftRightLogical(w3, shift);
            }
        }
        LaneSums.Of(s0a, s1a, s2a, s3a).Store(sums);
    }

    /// <summary>sums[i·4 + t] = Σ_k w[i, k]·x[t, k] of 4 channels and 4 tokens.</summary>
    /// <param name="layout">At most 4 bits.</param>
    /// <param name="codes">Codes of each channel.</param>
    /// <param name="tables">16 palette entries of each channel.</param>
    /// <param name="x">Inputs.</param>
    /// <param name="sums">Results.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Run4(PaletteLayout layout, byte** codes, float* tables, float* x, float* sums)
    {
        int perBlock = layout.VectorsPerBlock,
            full = layout.BlockCount,
            left = layout.VectorCount;
        Vector128<int> shift = Vector128.CreateScalar(layout.Spec.Bits);
        byte* c0 = codes[0],
            c1 = codes[1],
            c2 = codes[2],
            c3 = codes[3];
        Vector512<float> p0 = Vector512.Load(tables),
            p1 = Vector512.Load(tables + 16),
            p2 = Vector512.Load(tables + 32),
            p3 = Vector512.Load(tables + 48);
        Vector512<float> s0a = Vector512<float>.Zero,
            s0b = Vector512<float>.Zero,
            s0c = Vector512<float>.Zero,
            s0d = Vector512<float>.Zero,
            s1a = Vector512<float>.Zero,
            s1b = Vector512<float>.Zero,
            s1c = Vector512<float>.Zero,
            s1d = Vector512<float>.Zero,
            s2a = Vector512<float>.Zero,
            s2b = Vector512<float>.Zero,
            s2c = Vector512<float>.Zero,
            s2d = Vector512<float>.Zero,
            s3a = Vector512<float>.Zero,
            s3b = Vector512<float>.Zero,
            s3c = Vector512<float>.Zero,
            s3d = Vector512<float>.Zero;
        for (int block = 0; left > 0; block++, left -= perBlock)
        {
            Vector512<int> w0,
                w1,
                w2,
                w3;
            if (block < full)
            {
                w0 = Vector512.Load((int*)(c0 + (block * 64L)));
                w1 = Vector512.Load((int*)(c1 + (block * 64L)));
                w2 = Vector512.Load((int*)(c2 + (block * 64L)));
                w3 = Vector512.Load((int*)(c3 + (block * 64L)));
            }
            else
            {
                w0 = RowDecoder512.RestWords(layout, c0);
                w1 = RowDecoder512.RestWords(layout, c1);
                w2 = RowDecoder512.RestWords(layout, c2);
                w3 = RowDecoder512.RestWords(layout, c3);
            }
            for (int j = Math.Min(perBlock, left); j > 0; j--, x += 64)
            {
                Vector512<float> v0 = Avx512F.PermuteVar16x32(p0, w0),
                    v1 = Avx512F.PermuteVar16x32(p1, w1),
                    v2 = Avx512F.PermuteVar16x32(p2, w2),
                    v3 = Avx512F.PermuteVar16x32(p3, w3);
                Vector512<float> input = Vector512.Load(x);
                s0a = Avx512F.FusedMultiplyAdd(v0, input, s0a);
                s1a = Avx512F.FusedMultiplyAdd(v1, input, s1a);
                s2a = Avx512F.FusedMultiplyAdd(v2, input, s2a);
                s3a = Avx512F.FusedMultiplyAdd(v3, input, s3a);
                input = Vector512.Load(x + 16);
                s0b = Avx512F.FusedMultiplyAdd(v0, input, s0b);
                s1b = Avx512F.FusedMultiplyAdd(v1, input, s1b);
                s2b = Avx512F.FusedMultiplyAdd(v2, input, s2b);
                s3b = Avx512F.FusedMultiplyAdd(v3, input, s3b);
                input = Vector512.Load(x + 32);
                s0c = Avx512F.FusedMultiplyAdd(v0, input, s0c);
                s1c = Avx512F.FusedMultiplyAdd(v1, input, s1c);
                s2c = Avx512F.FusedMultiplyAdd(v2, input, s2c);
                s3c = Avx512F.FusedMultiplyAdd(v3, input, s3c);
                input = Vector512.Load(x + 48);
                s0d = Avx512F.FusedMultiplyAdd(v0, input, s0d);
                s1d = Avx512F.FusedMultiplyAdd(v1, input, s1d);
                s2d = Avx512F.FusedMultiplyAdd(v2, input, s2d);
                s3d = Avx512F.FusedMultiplyAdd(v3, input, s3d);
                w0 = Avx512F.ShiftRightLogical(w0, shift);
                w1 = Avx512F.ShiftRightLogical(w1, shift);
                w2 = Avx512F.ShiftRightLogical(w2, shift);
                w3 = Avx512F.ShiftRightLogical(w3, shift);
            }
        }
        LaneSums.Of(s0a, s0b, s0c, s0d, s1a, s1b, s1c, s1d, s2a, s2b, s2c, s2d, s3a, s3b, s3c, s3d).Store(sums);
    }

    /// <summary>sums[i·8 + t] = Σ_k w[i, k]·x[t, k] of 2 channels and 8 tokens.</summary>
    /// <param name="layout">At most 4 bits.</param>
    /// <param name="codes">Codes of each channel.</param>
    /// <param name="tables">16 palette entries of each channel.</param>
    /// <param name="x">Inputs.</param>
    /// <param name="sums">Results.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Run8(PaletteLayout layout, byte** codes, float* tables, float* x, float* sums)
    {
        int perBlock = layout.VectorsPerBlock,
            full = layout.BlockCount,
            left = layout.VectorCount;
        Vector128<int> shift = Vector128.CreateScalar(layout.Spec.Bits);
        byte* c0 = codes[0],
            c1 = codes[1];
        Vector512<float> p0 = Vector512.Load(tables),
            p1 = Vector512.Load(tables + 16);
        Vector512<float> s0a = Vector512<float>.Zero,
            s0b = Vector512<float>.Zero,
            s0c = Vector512<float>.Zero,
            s0d = Vector512<float>.Zero,
            s0e = Vector512<float>.Zero,
            s0f = Vector512<float>.Zero,
            s0g = Vector512<float>.Zero,
            s0h = Vector512<float>.Zero,
            s1a = Vector512<float>.Zero,
            s1b = Vector512<float>.Zero,
            s1c = Vector512<float>.Zero,
            s1d = Vector512<float>.Zero,
            s1e = Vector512<float>.Zero,
            s1f = Vector512<float>.Zero,
            s1g = Vector512<float>.Zero,
            s1h = Vector512<float>.Zero;
        for (int block = 0; left > 0; block++, left -= perBlock)
        {
            Vector512<int> w0,
                w1;
            if (block < full)
            {
                w0 = Vector512.Load((int*)(c0 + (block * 64L)));
                w1 = Vector512.Load((int*)(c1 + (block * 64L)));
            }
            else
            {
                w0 = RowDecoder512.RestWords(layout, c0);
                w1 = RowDecoder512.RestWords(layout, c1);
            }
            for (int j = Math.Min(perBlock, left); j > 0; j--, x += 128)
            {
                Vector512<float> v0 = Avx512F.PermuteVar16x32(p0, w0),
                    v1 = Avx512F.PermuteVar16x32(p1, w1);
                Vector512<float> input = Vector512.Load(x);
                s0a = Avx512F.FusedMultiplyAdd(v0, input, s0a);
                s1a = Avx512F.FusedMultiplyAdd(v1, input, s1a);
                input = Vector512.Load(x + 16);
                s0b = Avx512F.FusedMultiplyAdd(v0, input, s0b);
                s1b = Avx512F.FusedMultiplyAdd(v1, input, s1b);
                input = Vector512.Load(x + 32);
                s0c = Avx512F.FusedMultiplyAdd(v0, input, s0c);
                s1c = Avx512F.FusedMultiplyAdd(v1, input, s1c);
                input = Vector512.Load(x + 48);
                s0d = Avx512F.FusedMultiplyAdd(v0, input, s0d);
                s1d = Avx512F.FusedMultiplyAdd(v1, input, s1d);
                input = Vector512.Load(x + 64);
                s0e = Avx512F.FusedMultiplyAdd(v0, input, s0e);
                s1e = Avx512F.FusedMultiplyAdd(v1, input, s1e);
                input = Vector512.Load(x + 80);
                s0f = Avx512F.FusedMultiplyAdd(v0, input, s0f);
                s1f = Avx512F.FusedMultiplyAdd(v1, input, s1f);
                input = Vector512.Load(x + 96);
                s0g = Avx512F.FusedMultiplyAdd(v0, input, s0g);
                s1g = Avx512F.FusedMultiplyAdd(v1, input, s1g);
                input = Vector512.Load(x + 112);
                s0h = Avx512F.FusedMultiplyAdd(v0, input, s0h);
                s1h = Avx512F.FusedMultiplyAdd(v1, input, s1h);
                w0 = Avx512F.ShiftRightLogical(w0, shift);
                w1 = Avx512F.ShiftRightLogical(w1, shift);
            }
        }
        LaneSums.Of(s0a, s0b, s0c, s0d, s0e, s0f, s0g, s0h, s1a, s1b, s1c, s1d, s1e, s1f, s1g, s1h).Store(sums);
    }
}
