using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Qua2SeDiMo.Kernels.MicroKernels;

/// <summary>Transposes eight rows of eight floats.</summary>
internal static unsafe class Transpose8
{
    /// <summary>target[j, i] = source[i, j], plus added[i] if <paramref name="add"/> is set. Without it, words may be
    /// integers.</summary>
    /// <param name="source">First of eight rows.</param>
    /// <param name="sourcePitch">Floats from row to row.</param>
    /// <param name="target">First of eight rows.</param>
    /// <param name="targetPitch">Floats from row to row.</param>
    /// <param name="added">One value per source row.</param>
    /// <param name="add">Whether to add; callers pass a constant, so that the branch is removed.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void Run(
        float* source,
        nint sourcePitch,
        float* target,
        nint targetPitch,
        Vector256<float> added,
        bool add
    )
    {
        // Halves of rows i and i + 4 share a register, which leaves transpositions within 128-bit halves.
        Vector256<float> a = Pair(source, sourcePitch, 0),
            b = Pair(source, sourcePitch, 1),
            c = Pair(source, sourcePitch, 2),
            d = Pair(source, sourcePitch, 3);
        Vector256<float> e = Pair(source + 4, sourcePitch, 0),
            f = Pair(source + 4, sourcePitch, 1),
            g = Pair(source + 4, sourcePitch, 2),
            h = Pair(source + 4, sourcePitch, 3);
        Four(a, b, c, d, target, targetPitch, added, add);
        Four(e, f, g, h, target + (4 * targetPitch), targetPitch, added, add);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> Pair(float* source, nint pitch, int row) =>
        Avx.InsertVector128(
            Vector128.Load(source + (row * pitch)).ToVector256Unsafe(),
            Vector128.Load(source + ((row + 4) * pitch)),
            1
        );

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Four(
        Vector256<float> a,
        Vector256<float> b,
        Vector256<float> c,
        Vector256<float> d,
        float* target,
        nint pitch,
        Vector256<float> added,
        bool add
    )
    {
        Vector256<float> ab = Avx.UnpackLow(a, b),
            cd = Avx.UnpackLow(c, d),
            ab2 = Avx.UnpackHigh(a, b),
            cd2 = Avx.UnpackHigh(c, d);
        Put(Avx.Shuffle(ab, cd, 0x44), target, added, add);
        Put(Avx.Shuffle(ab, cd, 0xEE), target + pitch, added, add);
        Put(Avx.Shuffle(ab2, cd2, 0x44), target + (2 * pitch), added, add);
        Put(Avx.Shuffle(ab2, cd2, 0xEE), target + (3 * pitch), added, add);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Put(Vector256<float> value, float* target, Vector256<float> added, bool add) =>
        (add ? value + added : value).Store(target);
}
