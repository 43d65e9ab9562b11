using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Qua2SeDiMo.Kernels.MicroKernels;

/// <summary>Sums over the lanes of several vectors at once: halves of two vectors share a register at each stage, so
/// that sixteen sums take 45 instructions.</summary>
internal static class LaneSums
{
    /// <summary>Element i is the sum of vector i.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector512<float> Of(
        Vector512<float> a,
        Vector512<float> b,
        Vector512<float> c,
        Vector512<float> d,
        Vector512<float> e,
        Vector512<float> f,
        Vector512<float> g,
        Vector512<float> h,
        Vector512<float> i,
        Vector512<float> j,
        Vector512<float> k,
        Vector512<float> l,
        Vector512<float> m,
        Vector512<float> n,
        Vector512<float> o,
        Vector512<float> p
    )
    {
        Vector512<float> first = Pairs(Quarters(a, e, i, m), Quarters(b, f, j, n)),
            second = Pairs(Quarters(c, g, k, o), Quarters(d, h, l, p));
        return Avx512F.Shuffle(first, second, 0x44) + Avx512F.Shuffle(first, second, 0xEE);
    }

    /// <summary>Element i is the sum of vector i.</summary>
    /// <typeparam name="T">32-bit numbers.</typeparam>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<T> Of<T>(Vector512<T> a, Vector512<T> b, Vector512<T> c, Vector512<T> d)
    {
        Vector512<T> four = Quarters(a, b, c, d),
            two = four + Avx512F.Shuffle(four.AsInt32(), 0x4E).As<int, T>(),
            one = two + Avx512F.Shuffle(two.AsInt32(), 0xB1).As<int, T>();
        Vector512<int> bits = one.AsInt32();
        return Vector128.Create(bits[0], bits[4], bits[8], bits[12]).As<int, T>();
    }

    // The 128 bits of lane i hold four partial sums of vector i.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<T> Quarters<T>(Vector512<T> a, Vector512<T> b, Vector512<T> c, Vector512<T> d)
    {
        Vector512<T> ab = Halves(a, b, 0x44) + Halves(a, b, 0xEE),
            cd = Halves(c, d, 0x44) + Halves(c, d, 0xEE);
        return Halves(ab, cd, 0x88) + Halves(ab, cd, 0xDD);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<T> Halves<T>(Vector512<T> a, Vector512<T> b, [ConstantExpected] byte control) =>
        Avx512F.Shuffle4x128(a.AsInt32(), b.AsInt32(), control).As<int, T>();

    // Interleaved partial sums of two vectors.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Pairs(Vector512<float> a, Vector512<float> b) =>
        Avx512F.UnpackLow(a, b) + Avx512F.UnpackHigh(a, b);
}
