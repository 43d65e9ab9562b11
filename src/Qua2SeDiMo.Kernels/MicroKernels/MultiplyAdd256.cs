using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Qua2SeDiMo.Kernels.MicroKernels;

/// <summary>The instruction of a <see cref="Tile256{T, TMultiplyAdd}"/>.</summary>
/// <typeparam name="T">Words.</typeparam>
internal interface IMultiplyAdd256<T>
    where T : unmanaged
{
    /// <summary>sum + w·b, word by word.</summary>
    static abstract Vector256<T> Of(Vector256<T> w, Vector256<T> b, Vector256<T> sum);
}

/// <summary>Floats, rounded once (<c>vfmadd231ps</c>).</summary>
internal readonly struct FloatMultiplyAdd256 : IMultiplyAdd256<float>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Of(Vector256<float> w, Vector256<float> b, Vector256<float> sum) =>
        Fma.MultiplyAdd(w, b, sum);
}

/// <summary>Two signed 16-bit integers a word; their products and 32-bit sums are exact (<c>vpmaddwd</c>,
/// <c>vpaddd</c>).</summary>
internal readonly struct PairMultiplyAdd256 : IMultiplyAdd256<int>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> Of(Vector256<int> w, Vector256<int> b, Vector256<int> sum) =>
        sum + Avx2.MultiplyAddAdjacent(w.AsInt16(), b.AsInt16());
}

/// <summary>Four bytes a word, those of w signed and those of b unsigned (<c>vpdpbusd</c> of AVX-VNNI); sums are
/// exact.</summary>
internal readonly struct ByteMultiplyAdd256 : IMultiplyAdd256<int>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> Of(Vector256<int> w, Vector256<int> b, Vector256<int> sum) =>
        AvxVnni.MultiplyWideningAndAdd(sum, b.AsByte(), w.AsSByte());
}
