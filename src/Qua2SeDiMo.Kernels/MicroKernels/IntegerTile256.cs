using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Qua2SeDiMo.Kernels.Layout;

namespace Qua2SeDiMo.Kernels.MicroKernels;

/// <summary>
/// The innermost loops on integers: a word is two 16-bit values, whose products are exact and whose 32-bit sums cannot overflow
/// (<see cref="PaletteMatMul.LongestIntegerRow"/>).
/// </summary>
internal static unsafe class IntegerTile256
{
    /// <summary>The same of pairs of 16-bit integers, 6 channels and 16 tokens; see <see cref="PanelInstructions.IntegerTile"/>.</summary>
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
            Vector256<short> b0 = Vector256.Load(b).AsInt16(), b1 = Vector256.Load(b + 8).AsInt16();
            Vector256<short> w = Vector256.Create(*a).AsInt16();
            s0a += Avx2.MultiplyAddAdjacent(w, b0);
            s0b += Avx2.MultiplyAddAdjacent(w, b1);
            w = Vector256.Create(a[PanelGeometry.Stride]).AsInt16();
            s1a += Avx2.MultiplyAddAdjacent(w, b0);
            s1b += Avx2.MultiplyAddAdjacent(w, b1);
            w = Vector256.Create(a[2 * PanelGeometry.Stride]).AsInt16();
            s2a += Avx2.MultiplyAddAdjacent(w, b0);
            s2b += Avx2.MultiplyAddAdjacent(w, b1);
            w = Vector256.Create(a[3 * PanelGeometry.Stride]).AsInt16();
            s3a += Avx2.MultiplyAddAdjacent(w, b0);
            s3b += Avx2.MultiplyAddAdjacent(w, b1);
            w = Vector256.Create(a[4 * PanelGeometry.Stride]).AsInt16();
            s4a += Avx2.MultiplyAddAdjacent(w, b0);
            s4b += Avx2.MultiplyAddAdjacent(w, b1);
            w = Vector256.Create(a[5 * PanelGeometry.Stride]).AsInt16();
            s5a += Avx2.MultiplyAddAdjacent(w, b0);
            s5b += Avx2.MultiplyAddAdjacent(w, b1);
        }
        s0a.Store(c); s0b.Store(c + 8); c += pitch;
        s1a.Store(c); s1b.Store(c + 8); c += pitch;
        s2a.Store(c); s2b.Store(c + 8); c += pitch;
        s3a.Store(c); s3b.Store(c + 8); c += pitch;
        s4a.Store(c); s4b.Store(c + 8); c += pitch;
        s5a.Store(c); s5b.Store(c + 8);
    }

    /// <summary>The same of pairs of 16-bit integers, 6 channels and 8 tokens; see <see cref="PanelInstructions.IntegerTile"/>.</summary>
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
            Vector256<short> b0 = Vector256.Load(b).AsInt16();
            Vector256<short> w = Vector256.Create(*a).AsInt16();
            s0a += Avx2.MultiplyAddAdjacent(w, b0);
            w = Vector256.Create(a[PanelGeometry.Stride]).AsInt16();
            s1a += Avx2.MultiplyAddAdjacent(w, b0);
            w = Vector256.Create(a[2 * PanelGeometry.Stride]).AsInt16();
            s2a += Avx2.MultiplyAddAdjacent(w, b0);
            w = Vector256.Create(a[3 * PanelGeometry.Stride]).AsInt16();
            s3a += Avx2.MultiplyAddAdjacent(w, b0);
            w = Vector256.Create(a[4 * PanelGeometry.Stride]).AsInt16();
            s4a += Avx2.MultiplyAddAdjacent(w, b0);
            w = Vector256.Create(a[5 * PanelGeometry.Stride]).AsInt16();
            s5a += Avx2.MultiplyAddAdjacent(w, b0);
        }
        s0a.Store(c); c += pitch;
        s1a.Store(c); c += pitch;
        s2a.Store(c); c += pitch;
        s3a.Store(c); c += pitch;
        s4a.Store(c); c += pitch;
        s5a.Store(c);
    }
}
