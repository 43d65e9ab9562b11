using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Qua2SeDiMo.Kernels.Layout;

namespace Qua2SeDiMo.Kernels.MicroKernels;

/// <summary>
/// The innermost loops: sums of 6 channels × 16 or 8 tokens stay in registers. Every sum takes its terms one after another, in order of k,
/// so a sum does not depend on which of the loops made it.
/// </summary>
internal static unsafe class Tile256
{
    /// <summary>Channels of a tile.</summary>
    internal const int Channels = 6;

    /// <summary>c[i, t] (+)= Σ_k a[i, k]·b[k, t] of 6 channels and 16 tokens; see <see cref="PanelInstructions.Tile"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Run16(float* a, float* b, int count, float* c, nint pitch, bool add)
    {
        Vector256<float> s0a = Vector256<float>.Zero, s0b = Vector256<float>.Zero, s1a = Vector256<float>.Zero, s1b = Vector256<float>.Zero, s2a = Vector256<float>.Zero, s2b = Vector256<float>.Zero,
            s3a = Vector256<float>.Zero, s3b = Vector256<float>.Zero, s4a = Vector256<float>.Zero, s4b = Vector256<float>.Zero, s5a = Vector256<float>.Zero, s5b = Vector256<float>.Zero;
        if (add)
        {
            float* r = c;
            s0a = Vector256.Load(r); s0b = Vector256.Load(r + 8); r += pitch;
            s1a = Vector256.Load(r); s1b = Vector256.Load(r + 8); r += pitch;
            s2a = Vector256.Load(r); s2b = Vector256.Load(r + 8); r += pitch;
            s3a = Vector256.Load(r); s3b = Vector256.Load(r + 8); r += pitch;
            s4a = Vector256.Load(r); s4b = Vector256.Load(r + 8); r += pitch;
            s5a = Vector256.Load(r); s5b = Vector256.Load(r + 8);
        }
        for (float* end = b + ((long)count * 16); b < end; b += 16, a++)
        {
            Vector256<float> b0 = Vector256.Load(b), b1 = Vector256.Load(b + 8);
            Vector256<float> w = Vector256.Create(*a);
            s0a = Fma.MultiplyAdd(w, b0, s0a);
            s0b = Fma.MultiplyAdd(w, b1, s0b);
            w = Vector256.Create(a[PanelGeometry.Stride]);
            s1a = Fma.MultiplyAdd(w, b0, s1a);
            s1b = Fma.MultiplyAdd(w, b1, s1b);
            w = Vector256.Create(a[2 * PanelGeometry.Stride]);
            s2a = Fma.MultiplyAdd(w, b0, s2a);
            s2b = Fma.MultiplyAdd(w, b1, s2b);
            w = Vector256.Create(a[3 * PanelGeometry.Stride]);
            s3a = Fma.MultiplyAdd(w, b0, s3a);
            s3b = Fma.MultiplyAdd(w, b1, s3b);
            w = Vector256.Create(a[4 * PanelGeometry.Stride]);
            s4a = Fma.MultiplyAdd(w, b0, s4a);
            s4b = Fma.MultiplyAdd(w, b1, s4b);
            w = Vector256.Create(a[5 * PanelGeometry.Stride]);
            s5a = Fma.MultiplyAdd(w, b0, s5a);
            s5b = Fma.MultiplyAdd(w, b1, s5b);
        }
        s0a.Store(c); s0b.Store(c + 8); c += pitch;
        s1a.Store(c); s1b.Store(c + 8); c += pitch;
        s2a.Store(c); s2b.Store(c + 8); c += pitch;
        s3a.Store(c); s3b.Store(c + 8); c += pitch;
        s4a.Store(c); s4b.Store(c + 8); c += pitch;
        s5a.Store(c); s5b.Store(c + 8);
    }

    /// <summary>c[i, t] (+)= Σ_k a[i, k]·b[k, t] of 6 channels and 8 tokens; see <see cref="PanelInstructions.Tile"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Run8(float* a, float* b, int count, float* c, nint pitch, bool add)
    {
        Vector256<float> s0a = Vector256<float>.Zero, s1a = Vector256<float>.Zero, s2a = Vector256<float>.Zero,
            s3a = Vector256<float>.Zero, s4a = Vector256<float>.Zero, s5a = Vector256<float>.Zero;
        if (add)
        {
            float* r = c;
            s0a = Vector256.Load(r); r += pitch;
            s1a = Vector256.Load(r); r += pitch;
            s2a = Vector256.Load(r); r += pitch;
            s3a = Vector256.Load(r); r += pitch;
            s4a = Vector256.Load(r); r += pitch;
            s5a = Vector256.Load(r);
        }
        for (float* end = b + ((long)count * 8); b < end; b += 8, a++)
        {
            Vector256<float> b0 = Vector256.Load(b);
            Vector256<float> w = Vector256.Create(*a);
            s0a = Fma.MultiplyAdd(w, b0, s0a);
            w = Vector256.Create(a[PanelGeometry.Stride]);
            s1a = Fma.MultiplyAdd(w, b0, s1a);
            w = Vector256.Create(a[2 * PanelGeometry.Stride]);
            s2a = Fma.MultiplyAdd(w, b0, s2a);
            w = Vector256.Create(a[3 * PanelGeometry.Stride]);
            s3a = Fma.MultiplyAdd(w, b0, s3a);
            w = Vector256.Create(a[4 * PanelGeometry.Stride]);
            s4a = Fma.MultiplyAdd(w, b0, s4a);
            w = Vector256.Create(a[5 * PanelGeometry.Stride]);
            s5a = Fma.MultiplyAdd(w, b0, s5a);
        }
        s0a.Store(c); c += pitch;
        s1a.Store(c); c += pitch;
        s2a.Store(c); c += pitch;
        s3a.Store(c); c += pitch;
        s4a.Store(c); c += pitch;
        s5a.Store(c);
    }
}
