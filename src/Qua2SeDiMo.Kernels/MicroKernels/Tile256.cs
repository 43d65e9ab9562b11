using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Qua2SeDiMo.Kernels.Layout;

namespace Qua2SeDiMo.Kernels.MicroKernels;

/// <summary>
/// The innermost loops: sums of 6 channels × 16 or 8 tokens stay in registers. Each sum adds its terms in order of k,
/// so it does not depend on which of the loops made it.
/// </summary>
/// <typeparam name="T">Words: floats, or several integers packed into 32 bits.</typeparam>
/// <typeparam name="TMultiplyAdd">The instruction. A structure, so that every pair of types is compiled to machine code
/// of its own.</typeparam>
internal static unsafe class Tile256<T, TMultiplyAdd>
    where T : unmanaged
    where TMultiplyAdd : struct, IMultiplyAdd256<T>
{
    /// <summary>c[i, t] (+)= Σ_k a[i, k]·b[k, t] of 6 channels and 16 tokens; see
    /// <see cref="MicroKernelSet.Tile"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Run16(T* a, T* b, int count, T* c, nint pitch, bool add)
    {
        Vector256<T> s0a = Vector256<T>.Zero,
            s0b = Vector256<T>.Zero,
            s1a = Vector256<T>.Zero,
            s1b = Vector256<T>.Zero,
            s2a = Vector256<T>.Zero,
            s2b = Vector256<T>.Zero,
            s3a = Vector256<T>.Zero,
            s3b = Vector256<T>.Zero,
            s4a = Vector256<T>.Zero,
            s4b = Vector256<T>.Zero,
            s5a = Vector256<T>.Zero,
            s5b = Vector256<T>.Zero;
        if (add)
        {
            T* r = c;
            s0a = Vector256.Load(r);
            s0b = Vector256.Load(r + 8);
            r += pitch;
            s1a = Vector256.Load(r);
            s1b = Vector256.Load(r + 8);
            r += pitch;
            s2a = Vector256.Load(r);
            s2b = Vector256.Load(r + 8);
            r += pitch;
            s3a = Vector256.Load(r);
            s3b = Vector256.Load(r + 8);
            r += pitch;
            s4a = Vector256.Load(r);
            s4b = Vector256.Load(r + 8);
            r += pitch;
            s5a = Vector256.Load(r);
            s5b = Vector256.Load(r + 8);
        }
        for (T* end = b + ((long)count * 16); b < end; b += 16, a++)
        {
            Vector256<T> b0 = Vector256.Load(b),
                b1 = Vector256.Load(b + 8);
            Vector256<T> w = Vector256.Create(*a);
            s0a = TMultiplyAdd.Of(w, b0, s0a);
            s0b = TMultiplyAdd.Of(w, b1, s0b);
            w = Vector256.Create(a[PanelGeometry.Stride]);
            s1a = TMultiplyAdd.Of(w, b0, s1a);
            s1b = TMultiplyAdd.Of(w, b1, s1b);
            w = Vector256.Create(a[2 * PanelGeometry.Stride]);
            s2a = TMultiplyAdd.Of(w, b0, s2a);
            s2b = TMultiplyAdd.Of(w, b1, s2b);
            w = Vector256.Create(a[3 * PanelGeometry.Stride]);
            s3a = TMultiplyAdd.Of(w, b0, s3a);
            s3b = TMultiplyAdd.Of(w, b1, s3b);
            w = Vector256.Create(a[4 * PanelGeometry.Stride]);
            s4a = TMultiplyAdd.Of(w, b0, s4a);
            s4b = TMultiplyAdd.Of(w, b1, s4b);
            w = Vector256.Create(a[5 * PanelGeometry.Stride]);
            s5a = TMultiplyAdd.Of(w, b0, s5a);
            s5b = TMultiplyAdd.Of(w, b1, s5b);
        }
        s0a.Store(c);
        s0b.Store(c + 8);
        c += pitch;
        s1a.Store(c);
        s1b.Store(c + 8);
        c += pitch;
        s2a.Store(c);
        s2b.Store(c + 8);
        c += pitch;
        s3a.Store(c);
        s3b.Store(c + 8);
        c += pitch;
        s4a.Store(c);
        s4b.Store(c + 8);
        c += pitch;
        s5a.Store(c);
        s5b.Store(c + 8);
    }

    /// <summary>c[i, t] (+)= Σ_k a[i, k]·b[k, t] of 6 channels and 8 tokens; see
    /// <see cref="MicroKernelSet.Tile"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Run8(T* a, T* b, int count, T* c, nint pitch, bool add)
    {
        Vector256<T> s0a = Vector256<T>.Zero,
            s1a = Vector256<T>.Zero,
            s2a = Vector256<T>.Zero,
            s3a = Vector256<T>.Zero,
            s4a = Vector256<T>.Zero,
            s5a = Vector256<T>.Zero;
        if (add)
        {
            T* r = c;
            s0a = Vector256.Load(r);
            r += pitch;
            s1a = Vector256.Load(r);
            r += pitch;
            s2a = Vector256.Load(r);
            r += pitch;
            s3a = Vector256.Load(r);
            r += pitch;
            s4a = Vector256.Load(r);
            r += pitch;
            s5a = Vector256.Load(r);
        }
        for (T* end = b + ((long)count * 8); b < end; b += 8, a++)
        {
            Vector256<T> b0 = Vector256.Load(b);
            Vector256<T> w = Vector256.Create(*a);
            s0a = TMultiplyAdd.Of(w, b0, s0a);
            w = Vector256.Create(a[PanelGeometry.Stride]);
            s1a = TMultiplyAdd.Of(w, b0, s1a);
            w = Vector256.Create(a[2 * PanelGeometry.Stride]);
            s2a = TMultiplyAdd.Of(w, b0, s2a);
            w = Vector256.Create(a[3 * PanelGeometry.Stride]);
            s3a = TMultiplyAdd.Of(w, b0, s3a);
            w = Vector256.Create(a[4 * PanelGeometry.Stride]);
            s4a = TMultiplyAdd.Of(w, b0, s4a);
            w = Vector256.Create(a[5 * PanelGeometry.Stride]);
            s5a = TMultiplyAdd.Of(w, b0, s5a);
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
    }
}
