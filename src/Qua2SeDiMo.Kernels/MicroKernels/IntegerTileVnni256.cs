using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Qua2SeDiMo.Kernels.Layout;

namespace Qua2SeDiMo.Kernels.MicroKernels;

/// <summary>The innermost loops on bytes, for processors with AVX-VNNI but without AVX-512: a word is four values; sums cannot overflow.</summary>
internal static unsafe class IntegerTileVnni256
{
    /// <summary>c[i, t] (+)= Σ_k a[i, k]·b[k, t] of 6 channels and 16 tokens; a holds signed bytes, b unsigned ones.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Run16(int* a, int* b, int count, int* c, nint pitch, bool add)
    {
        Vector256<int> s0a = Vector256<int>.Zero, s0b = Vector256<int>.Zero, s1a = Vector256<int>.Zero, s1b = Vector256<int>.Zero, s2a = Vector256<int>.Zero, s2b = Vector256<int>.Zero,
            s3a = Vector256<int>.Zero, s3b = Vector256<int>.Zero, s4a = Vector256<int>.Zero, s4b = Vector256<int>.Zero, s5a = Vector256<int>.Zero, s5b = Vector256<int>.Zero;
        if (add)
        {
            int* r = c;
            s0a = Vector256.Load(r); s0b = Vector256.Load(r + 8); r += pitch;
            s1a = Vector256.Load(r); s1b = Vector256.Load(r + 8); r += pitch;
            s2a = Vector256.Load(r); s2b = Vector256.Load(r + 8); r += pitch;
            s3a = Vector256.Load(r); s3b = Vector256.Load(r + 8); r += pitch;
            s4a = Vector256.Load(r); s4b = Vector256.Load(r + 8); r += pitch;
            s5a = Vector256.Load(r); s5b = Vector256.Load(r + 8);
        }
        for (int* end = b + ((long)count * 16); b < end; b += 16, a++)
        {
            Vector256<byte> b0 = Vector256.Load(b).AsByte(), b1 = Vector256.Load(b + 8).AsByte();
            Vector256<sbyte> w = Vector256.Create(*a).AsSByte();
            s0a = AvxVnni.MultiplyWideningAndAdd(s0a, b0, w);
            s0b = AvxVnni.MultiplyWideningAndAdd(s0b, b1, w);
            w = Vector256.Create(a[PanelGeometry.Stride]).AsSByte();
            s1a = AvxVnni.MultiplyWideningAndAdd(s1a, b0, w);
            s1b = AvxVnni.MultiplyWideningAndAdd(s1b, b1, w);
            w = Vector256.Create(a[2 * PanelGeometry.Stride]).AsSByte();
            s2a = AvxVnni.MultiplyWideningAndAdd(s2a, b0, w);
            s2b = AvxVnni.MultiplyWideningAndAdd(s2b, b1, w);
            w = Vector256.Create(a[3 * PanelGeometry.Stride]).AsSByte();
            s3a = AvxVnni.MultiplyWideningAndAdd(s3a, b0, w);
            s3b = AvxVnni.MultiplyWideningAndAdd(s3b, b1, w);
            w = Vector256.Create(a[4 * PanelGeometry.Stride]).AsSByte();
            s4a = AvxVnni.MultiplyWideningAndAdd(s4a, b0, w);
            s4b = AvxVnni.MultiplyWideningAndAdd(s4b, b1, w);
            w = Vector256.Create(a[5 * PanelGeometry.Stride]).AsSByte();
            s5a = AvxVnni.MultiplyWideningAndAdd(s5a, b0, w);
            s5b = AvxVnni.MultiplyWideningAndAdd(s5b, b1, w);
        }
        s0a.Store(c); s0b.Store(c + 8); c += pitch;
        s1a.Store(c); s1b.Store(c + 8); c += pitch;
        s2a.Store(c); s2b.Store(c + 8); c += pitch;
        s3a.Store(c); s3b.Store(c + 8); c += pitch;
        s4a.Store(c); s4b.Store(c + 8); c += pitch;
        s5a.Store(c); s5b.Store(c + 8);
    }

    /// <summary>c[i, t] (+)= Σ_k a[i, k]·b[k, t] of 6 channels and 8 tokens; a holds signed bytes, b unsigned ones.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Run8(int* a, int* b, int count, int* c, nint pitch, bool add)
    {
        Vector256<int> s0a = Vector256<int>.Zero, s1a = Vector256<int>.Zero, s2a = Vector256<int>.Zero,
            s3a = Vector256<int>.Zero, s4a = Vector256<int>.Zero, s5a = Vector256<int>.Zero;
        if (add)
        {
            int* r = c;
            s0a = Vector256.Load(r); r += pitch;
            s1a = Vector256.Load(r); r += pitch;
            s2a = Vector256.Load(r); r += pitch;
            s3a = Vector256.Load(r); r += pitch;
            s4a = Vector256.Load(r); r += pitch;
            s5a = Vector256.Load(r);
        }
        for (int* end = b + ((long)count * 8); b < end; b += 8, a++)
        {
            Vector256<byte> b0 = Vector256.Load(b).AsByte();
            Vector256<sbyte> w = Vector256.Create(*a).AsSByte();
            s0a = AvxVnni.MultiplyWideningAndAdd(s0a, b0, w);
            w = Vector256.Create(a[PanelGeometry.Stride]).AsSByte();
            s1a = AvxVnni.MultiplyWideningAndAdd(s1a, b0, w);
            w = Vector256.Create(a[2 * PanelGeometry.Stride]).AsSByte();
            s2a = AvxVnni.MultiplyWideningAndAdd(s2a, b0, w);
            w = Vector256.Create(a[3 * PanelGeometry.Stride]).AsSByte();
            s3a = AvxVnni.MultiplyWideningAndAdd(s3a, b0, w);
            w = Vector256.Create(a[4 * PanelGeometry.Stride]).AsSByte();
            s4a = AvxVnni.MultiplyWideningAndAdd(s4a, b0, w);
            w = Vector256.Create(a[5 * PanelGeometry.Stride]).AsSByte();
            s5a = AvxVnni.MultiplyWideningAndAdd(s5a, b0, w);
        }
        s0a.Store(c); c += pitch;
        s1a.Store(c); c += pitch;
        s2a.Store(c); c += pitch;
        s3a.Store(c); c += pitch;
        s4a.Store(c); c += pitch;
        s5a.Store(c);
    }
}
