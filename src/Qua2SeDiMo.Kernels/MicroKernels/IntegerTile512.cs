using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Qua2SeDiMo.Kernels.Layout;

namespace Qua2SeDiMo.Kernels.MicroKernels;

/// <summary>
/// The innermost loops on integers: a word is two 16-bit values, whose products are exact and whose 32-bit sums cannot overflow
/// (<see cref="PaletteMatMul.LongestIntegerRow"/>).
/// </summary>
internal static unsafe class IntegerTile512
{
    /// <summary>The same of pairs of 16-bit integers, 12 channels and 32 tokens; see <see cref="PanelInstructions.IntegerTile"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Run32(int* a, int* b, int count, int* c, nint pitch, bool add)
    {
        Vector512<int> s0a = Vector512<int>.Zero, s0b = Vector512<int>.Zero, s1a = Vector512<int>.Zero, s1b = Vector512<int>.Zero, s2a = Vector512<int>.Zero, s2b = Vector512<int>.Zero, s3a = Vector512<int>.Zero, s3b = Vector512<int>.Zero,
            s4a = Vector512<int>.Zero, s4b = Vector512<int>.Zero, s5a = Vector512<int>.Zero, s5b = Vector512<int>.Zero, s6a = Vector512<int>.Zero, s6b = Vector512<int>.Zero, s7a = Vector512<int>.Zero, s7b = Vector512<int>.Zero,
            s8a = Vector512<int>.Zero, s8b = Vector512<int>.Zero, s9a = Vector512<int>.Zero, s9b = Vector512<int>.Zero, s10a = Vector512<int>.Zero, s10b = Vector512<int>.Zero, s11a = Vector512<int>.Zero, s11b = Vector512<int>.Zero;
        if (add)
        {
            int* r = c;
            s0a = Vector512.Load(r); s0b = Vector512.Load(r + 16); r += pitch;
            s1a = Vector512.Load(r); s1b = Vector512.Load(r + 16); r += pitch;
            s2a = Vector512.Load(r); s2b = Vector512.Load(r + 16); r += pitch;
            s3a = Vector512.Load(r); s3b = Vector512.Load(r + 16); r += pitch;
            s4a = Vector512.Load(r); s4b = Vector512.Load(r + 16); r += pitch;
            s5a = Vector512.Load(r); s5b = Vector512.Load(r + 16); r += pitch;
            s6a = Vector512.Load(r); s6b = Vector512.Load(r + 16); r += pitch;
            s7a = Vector512.Load(r); s7b = Vector512.Load(r + 16); r += pitch;
            s8a = Vector512.Load(r); s8b = Vector512.Load(r + 16); r += pitch;
            s9a = Vector512.Load(r); s9b = Vector512.Load(r + 16); r += pitch;
            s10a = Vector512.Load(r); s10b = Vector512.Load(r + 16); r += pitch;
            s11a = Vector512.Load(r); s11b = Vector512.Load(r + 16);
        }
        for (int* end = b + ((long)count * 32); b < end; b += 32, a++)
        {
            Vector512<short> b0 = Vector512.Load(b).AsInt16(), b1 = Vector512.Load(b + 16).AsInt16();
            Vector512<short> w = Vector512.Create(*a).AsInt16();
            s0a += Avx512BW.MultiplyAddAdjacent(w, b0);
            s0b += Avx512BW.MultiplyAddAdjacent(w, b1);
            w = Vector512.Create(a[PanelGeometry.Stride]).AsInt16();
            s1a += Avx512BW.MultiplyAddAdjacent(w, b0);
            s1b += Avx512BW.MultiplyAddAdjacent(w, b1);
            w = Vector512.Create(a[2 * PanelGeometry.Stride]).AsInt16();
            s2a += Avx512BW.MultiplyAddAdjacent(w, b0);
            s2b += Avx512BW.MultiplyAddAdjacent(w, b1);
            w = Vector512.Create(a[3 * PanelGeometry.Stride]).AsInt16();
            s3a += Avx512BW.MultiplyAddAdjacent(w, b0);
            s3b += Avx512BW.MultiplyAddAdjacent(w, b1);
            w = Vector512.Create(a[4 * PanelGeometry.Stride]).AsInt16();
            s4a += Avx512BW.MultiplyAddAdjacent(w, b0);
            s4b += Avx512BW.MultiplyAddAdjacent(w, b1);
            w = Vector512.Create(a[5 * PanelGeometry.Stride]).AsInt16();
            s5a += Avx512BW.MultiplyAddAdjacent(w, b0);
            s5b += Avx512BW.MultiplyAddAdjacent(w, b1);
            w = Vector512.Create(a[6 * PanelGeometry.Stride]).AsInt16();
            s6a += Avx512BW.MultiplyAddAdjacent(w, b0);
            s6b += Avx512BW.MultiplyAddAdjacent(w, b1);
            w = Vector512.Create(a[7 * PanelGeometry.Stride]).AsInt16();
            s7a += Avx512BW.MultiplyAddAdjacent(w, b0);
            s7b += Avx512BW.MultiplyAddAdjacent(w, b1);
            w = Vector512.Create(a[8 * PanelGeometry.Stride]).AsInt16();
            s8a += Avx512BW.MultiplyAddAdjacent(w, b0);
            s8b += Avx512BW.MultiplyAddAdjacent(w, b1);
            w = Vector512.Create(a[9 * PanelGeometry.Stride]).AsInt16();
            s9a += Avx512BW.MultiplyAddAdjacent(w, b0);
            s9b += Avx512BW.MultiplyAddAdjacent(w, b1);
            w = Vector512.Create(a[10 * PanelGeometry.Stride]).AsInt16();
            s10a += Avx512BW.MultiplyAddAdjacent(w, b0);
            s10b += Avx512BW.MultiplyAddAdjacent(w, b1);
            w = Vector512.Create(a[11 * PanelGeometry.Stride]).AsInt16();
            s11a += Avx512BW.MultiplyAddAdjacent(w, b0);
            s11b += Avx512BW.MultiplyAddAdjacent(w, b1);
        }
        s0a.Store(c); s0b.Store(c + 16); c += pitch;
        s1a.Store(c); s1b.Store(c + 16); c += pitch;
        s2a.Store(c); s2b.Store(c + 16); c += pitch;
        s3a.Store(c); s3b.Store(c + 16); c += pitch;
        s4a.Store(c); s4b.Store(c + 16); c += pitch;
        s5a.Store(c); s5b.Store(c + 16); c += pitch;
        s6a.Store(c); s6b.Store(c + 16); c += pitch;
        s7a.Store(c); s7b.Store(c + 16); c += pitch;
        s8a.Store(c); s8b.Store(c + 16); c += pitch;
        s9a.Store(c); s9b.Store(c + 16); c += pitch;
        s10a.Store(c); s10b.Store(c + 16); c += pitch;
        s11a.Store(c); s11b.Store(c + 16);
    }

    /// <summary>The same of pairs of 16-bit integers, 12 channels and 16 tokens; see <see cref="PanelInstructions.IntegerTile"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Run16(int* a, int* b, int count, int* c, nint pitch, bool add)
    {
        Vector512<int> s0a = Vector512<int>.Zero, s1a = Vector512<int>.Zero, s2a = Vector512<int>.Zero, s3a = Vector512<int>.Zero,
            s4a = Vector512<int>.Zero, s5a = Vector512<int>.Zero, s6a = Vector512<int>.Zero, s7a = Vector512<int>.Zero,
            s8a = Vector512<int>.Zero, s9a = Vector512<int>.Zero, s10a = Vector512<int>.Zero, s11a = Vector512<int>.Zero;
        if (add)
        {
            int* r = c;
            s0a = Vector512.Load(r); r += pitch;
            s1a = Vector512.Load(r); r += pitch;
            s2a = Vector512.Load(r); r += pitch;
            s3a = Vector512.Load(r); r += pitch;
            s4a = Vector512.Load(r); r += pitch;
            s5a = Vector512.Load(r); r += pitch;
            s6a = Vector512.Load(r); r += pitch;
            s7a = Vector512.Load(r); r += pitch;
            s8a = Vector512.Load(r); r += pitch;
            s9a = Vector512.Load(r); r += pitch;
            s10a = Vector512.Load(r); r += pitch;
            s11a = Vector512.Load(r);
        }
        for (int* end = b + ((long)count * 16); b < end; b += 16, a++)
        {
            Vector512<short> b0 = Vector512.Load(b).AsInt16();
            Vector512<short> w = Vector512.Create(*a).AsInt16();
            s0a += Avx512BW.MultiplyAddAdjacent(w, b0);
            w = Vector512.Create(a[PanelGeometry.Stride]).AsInt16();
            s1a += Avx512BW.MultiplyAddAdjacent(w, b0);
            w = Vector512.Create(a[2 * PanelGeometry.Stride]).AsInt16();
            s2a += Avx512BW.MultiplyAddAdjacent(w, b0);
            w = Vector512.Create(a[3 * PanelGeometry.Stride]).AsInt16();
            s3a += Avx512BW.MultiplyAddAdjacent(w, b0);
            w = Vector512.Create(a[4 * PanelGeometry.Stride]).AsInt16();
            s4a += Avx512BW.MultiplyAddAdjacent(w, b0);
            w = Vector512.Create(a[5 * PanelGeometry.Stride]).AsInt16();
            s5a += Avx512BW.MultiplyAddAdjacent(w, b0);
            w = Vector512.Create(a[6 * PanelGeometry.Stride]).AsInt16();
            s6a += Avx512BW.MultiplyAddAdjacent(w, b0);
            w = Vector512.Create(a[7 * PanelGeometry.Stride]).AsInt16();
            s7a += Avx512BW.MultiplyAddAdjacent(w, b0);
            w = Vector512.Create(a[8 * PanelGeometry.Stride]).AsInt16();
            s8a += Avx512BW.MultiplyAddAdjacent(w, b0);
            w = Vector512.Create(a[9 * PanelGeometry.Stride]).AsInt16();
            s9a += Avx512BW.MultiplyAddAdjacent(w, b0);
            w = Vector512.Create(a[10 * PanelGeometry.Stride]).AsInt16();
            s10a += Avx512BW.MultiplyAddAdjacent(w, b0);
            w = Vector512.Create(a[11 * PanelGeometry.Stride]).AsInt16();
            s11a += Avx512BW.MultiplyAddAdjacent(w, b0);
        }
        s0a.Store(c); c += pitch;
        s1a.Store(c); c += pitch;
        s2a.Store(c); c += pitch;
        s3a.Store(c); c += pitch;
        s4a.Store(c); c += pitch;
        s5a.Store(c); c += pitch;
        s6a.Store(c); c += pitch;
        s7a.Store(c); c += pitch;
        s8a.Store(c); c += pitch;
        s9a.Store(c); c += pitch;
        s10a.Store(c); c += pitch;
        s11a.Store(c);
    }
}
