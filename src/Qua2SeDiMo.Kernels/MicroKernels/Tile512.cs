using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Qua2SeDiMo.Kernels.Layout;

namespace Qua2SeDiMo.Kernels.MicroKernels;

/// <summary>
/// The innermost loops: sums of 12 channels × 32 or 16 tokens stay in registers. Each sum adds its terms in order of k,
/// so it does not depend on which of the loops made it.
/// </summary>
/// <typeparam name="T">Words: floats, or several integers packed into 32 bits.</typeparam>
/// <typeparam name="TMultiplyAdd">The instruction. A structure, so that every pair of types is compiled to machine code
/// of its own.</typeparam>
internal static unsafe class Tile512<T, TMultiplyAdd>
    where T : unmanaged
    where TMultiplyAdd : struct, IMultiplyAdd512<T>
{
    /// <summary>c[i, t] (+)= Σ_k a[i, k]·b[k, t] of 12 channels and 32 tokens; see
    /// <see cref="MicroKernelSet.Tile"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Run32(T* a, T* b, int count, T* c, nint pitch, bool add)
    {
        Vector512<T> s0a = Vector512<T>.Zero,
            s0b = Vector512<T>.Zero,
            s1a = Vector512<T>.Zero,
            s1b = Vector512<T>.Zero,
            s2a = Vector512<T>.Zero,
            s2b = Vector512<T>.Zero,
            s3a = Vector512<T>.Zero,
            s3b = Vector512<T>.Zero,
            s4a = Vector512<T>.Zero,
            s4b = Vector512<T>.Zero,
            s5a = Vector512<T>.Zero,
            s5b = Vector512<T>.Zero,
            s6a = Vector512<T>.Zero,
            s6b = Vector512<T>.Zero,
            s7a = Vector512<T>.Zero,
            s7b = Vector512<T>.Zero,
            s8a = Vector512<T>.Zero,
            s8b = Vector512<T>.Zero,
            s9a = Vector512<T>.Zero,
            s9b = Vector512<T>.Zero,
            s10a = Vector512<T>.Zero,
            s10b = Vector512<T>.Zero,
            s11a = Vector512<T>.Zero,
            s11b = Vector512<T>.Zero;
        if (add)
        {
            T* r = c;
            s0a = Vector512.Load(r);
            s0b = Vector512.Load(r + 16);
            r += pitch;
            s1a = Vector512.Load(r);
            s1b = Vector512.Load(r + 16);
            r += pitch;
            s2a = Vector512.Load(r);
            s2b = Vector512.Load(r + 16);
            r += pitch;
            s3a = Vector512.Load(r);
            s3b = Vector512.Load(r + 16);
            r += pitch;
            s4a = Vector512.Load(r);
            s4b = Vector512.Load(r + 16);
            r += pitch;
            s5a = Vector512.Load(r);
            s5b = Vector512.Load(r + 16);
            r += pitch;
            s6a = Vector512.Load(r);
            s6b = Vector512.Load(r + 16);
            r += pitch;
            s7a = Vector512.Load(r);
            s7b = Vector512.Load(r + 16);
            r += pitch;
            s8a = Vector512.Load(r);
            s8b = Vector512.Load(r + 16);
            r += pitch;
            s9a = Vector512.Load(r);
            s9b = Vector512.Load(r + 16);
            r += pitch;
            s10a = Vector512.Load(r);
            s10b = Vector512.Load(r + 16);
            r += pitch;
            s11a = Vector512.Load(r);
            s11b = Vector512.Load(r + 16);
        }
        for (T* end = b + ((long)count * 32); b < end; b += 32, a++)
        {
            Vector512<T> b0 = Vector512.Load(b),
                b1 = Vector512.Load(b + 16);
            Vector512<T> w = Vector512.Create(*a);
            s0a = TMultiplyAdd.Of(w, b0, s0a);
            s0b = TMultiplyAdd.Of(w, b1, s0b);
            w = Vector512.Create(a[PanelGeometry.Stride]);
            s1a = TMultiplyAdd.Of(w, b0, s1a);
            s1b = TMultiplyAdd.Of(w, b1, s1b);
            w = Vector512.Create(a[2 * PanelGeometry.Stride]);
            s2a = TMultiplyAdd.Of(w, b0, s2a);
            s2b = TMultiplyAdd.Of(w, b1, s2b);
            w = Vector512.Create(a[3 * PanelGeometry.Stride]);
            s3a = TMultiplyAdd.Of(w, b0, s3a);
            s3b = TMultiplyAdd.Of(w, b1, s3b);
            w = Vector512.Create(a[4 * PanelGeometry.Stride]);
            s4a = TMultiplyAdd.Of(w, b0, s4a);
            s4b = TMultiplyAdd.Of(w, b1, s4b);
            w = Vector512.Create(a[5 * PanelGeometry.Stride]);
            s5a = TMultiplyAdd.Of(w, b0, s5a);
            s5b = TMultiplyAdd.Of(w, b1, s5b);
            w = Vector512.Create(a[6 * PanelGeometry.Stride]);
            s6a = TMultiplyAdd.Of(w, b0, s6a);
            s6b = TMultiplyAdd.Of(w, b1, s6b);
            w = Vector512.Create(a[7 * PanelGeometry.Stride]);
            s7a = TMultiplyAdd.Of(w, b0, s7a);
            s7b = TMultiplyAdd.Of(w, b1, s7b);
            w = Vector512.Create(a[8 * PanelGeometry.Stride]);
            s8a = TMultiplyAdd.Of(w, b0, s8a);
            s8b = TMultiplyAdd.Of(w, b1, s8b);
            w = Vector512.Create(a[9 * PanelGeometry.Stride]);
            s9a = TMultiplyAdd.Of(w, b0, s9a);
            s9b = TMultiplyAdd.Of(w, b1, s9b);
            w = Vector512.Create(a[10 * PanelGeometry.Stride]);
            s10a = TMultiplyAdd.Of(w, b0, s10a);
            s10b = TMultiplyAdd.Of(w, b1, s10b);
            w = Vector512.Create(a[11 * PanelGeometry.Stride]);
            s11a = TMultiplyAdd.Of(w, b0, s11a);
            s11b = TMultiplyAdd.Of(w, b1, s11b);
        }
        s0a.Store(c);
        s0b.Store(c + 16);
        c += pitch;
        s1a.Store(c);
        s1b.Store(c + 16);
        c += pitch;
        s2a.Store(c);
        s2b.Store(c + 16);
        c += pitch;
        s3a.Store(c);
        s3b.Store(c + 16);
        c += pitch;
        s4a.Store(c);
        s4b.Store(c + 16);
        c += pitch;
        s5a.Store(c);
        s5b.Store(c + 16);
        c += pitch;
        s6a.Store(c);
        s6b.Store(c + 16);
        c += pitch;
        s7a.Store(c);
        s7b.Store(c + 16);
        c += pitch;
        s8a.Store(c);
        s8b.Store(c + 16);
        c += pitch;
        s9a.Store(c);
        s9b.Store(c + 16);
        c += pitch;
        s10a.Store(c);
        s10b.Store(c + 16);
        c += pitch;
        s11a.Store(c);
        s11b.Store(c + 16);
    }

    /// <summary>c[i, t] (+)= Σ_k a[i, k]·b[k, t] of 12 channels and 16 tokens; see
    /// <see cref="MicroKernelSet.Tile"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Run16(T* a, T* b, int count, T* c, nint pitch, bool add)
    {
        Vector512<T> s0a = Vector512<T>.Zero,
            s1a = Vector512<T>.Zero,
            s2a = Vector512<T>.Zero,
            s3a = Vector512<T>.Zero,
            s4a = Vector512<T>.Zero,
            s5a = Vector512<T>.Zero,
            s6a = Vector512<T>.Zero,
            s7a = Vector512<T>.Zero,
            s8a = Vector512<T>.Zero,
            s9a = Vector512<T>.Zero,
            s10a = Vector512<T>.Zero,
            s11a = Vector512<T>.Zero;
        if (add)
        {
            T* r = c;
            s0a = Vector512.Load(r);
            r += pitch;
            s1a = Vector512.Load(r);
            r += pitch;
            s2a = Vector512.Load(r);
            r += pitch;
            s3a = Vector512.Load(r);
            r += pitch;
            s4a = Vector512.Load(r);
            r += pitch;
            s5a = Vector512.Load(r);
            r += pitch;
            s6a = Vector512.Load(r);
            r += pitch;
            s7a = Vector512.Load(r);
            r += pitch;
            s8a = Vector512.Load(r);
            r += pitch;
            s9a = Vector512.Load(r);
            r += pitch;
            s10a = Vector512.Load(r);
            r += pitch;
            s11a = Vector512.Load(r);
        }
        for (T* end = b + ((long)count * 16); b < end; b += 16, a++)
        {
            Vector512<T> b0 = Vector512.Load(b);
            Vector512<T> w = Vector512.Create(*a);
            s0a = TMultiplyAdd.Of(w, b0, s0a);
            w = Vector512.Create(a[PanelGeometry.Stride]);
            s1a = TMultiplyAdd.Of(w, b0, s1a);
            w = Vector512.Create(a[2 * PanelGeometry.Stride]);
            s2a = TMultiplyAdd.Of(w, b0, s2a);
            w = Vector512.Create(a[3 * PanelGeometry.Stride]);
            s3a = TMultiplyAdd.Of(w, b0, s3a);
            w = Vector512.Create(a[4 * PanelGeometry.Stride]);
            s4a = TMultiplyAdd.Of(w, b0, s4a);
            w = Vector512.Create(a[5 * PanelGeometry.Stride]);
            s5a = TMultiplyAdd.Of(w, b0, s5a);
            w = Vector512.Create(a[6 * PanelGeometry.Stride]);
            s6a = TMultiplyAdd.Of(w, b0, s6a);
            w = Vector512.Create(a[7 * PanelGeometry.Stride]);
            s7a = TMultiplyAdd.Of(w, b0, s7a);
            w = Vector512.Create(a[8 * PanelGeometry.Stride]);
            s8a = TMultiplyAdd.Of(w, b0, s8a);
            w = Vector512.Create(a[9 * PanelGeometry.Stride]);
            s9a = TMultiplyAdd.Of(w, b0, s9a);
            w = Vector512.Create(a[10 * PanelGeometry.Stride]);
            s10a = TMultiplyAdd.Of(w, b0, s10a);
            w = Vector512.Create(a[11 * PanelGeometry.Stride]);
            s11a = TMultiplyAdd.Of(w, b0, s11a);
        }
        s0a.Store(c);
        c += pitch;
        s1a.Store(c);
        c += pitch;
        s2a.Store(c);
        c += pitch;
        s3a.Store(c);
        c += pitch;
        s4a.Store(c);
        c += pitch;
        s5a.Store(c);
        c += pitch;
        s6a.Store(c);
        c += pitch;
        s7a.Store(c);
        c += pitch;
        s8a.Store(c);
        c += pitch;
        s9a.Store(c);
        c += pitch;
        s10a.Store(c);
        c += pitch;
        s11a.Store(c);
    }
}
