using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Qua2SeDiMo.Kernels.MicroKernels;

/// <summary>The instruction of a <see cref="Tile512{T, TMultiplyAdd}"/>.</summary>
/// <typeparam name="T">Words.</typeparam>
internal interface IMultiplyAdd512<T>
    where T : unmanaged
{
    /// <summary>sum + w·b, word by word.</summary>
    static abstract Vector512<T> Of(Vector512<T> w, Vector512<T> b, Vector512<T> sum);
}

/// <summary>Floats, rounded once (<c>vfmadd231ps</c>).</summary>
internal readonly struct FloatMultiplyAdd512 : IMultiplyAdd512<float>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Of(Vector512<float> w, Vector512<float> b, Vector512<float> sum) =>
        Avx512F.FusedMultiplyAdd(w, b, sum);
}

/// <summary>Two signed 16-bit integers a word; their products and 32-bit sums are exact (<c>vpmaddwd</c>,
/// <c>vpaddd</c>).</summary>
internal readonly struct PairMultiplyAdd512 : IMultiplyAdd512<int>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<int> Of(Vector512<int> w, Vector512<int> b, Vector512<int> sum) =>
        sum + Avx512BW.MultiplyAddAdjacent(w.AsInt16(), b.AsInt16());
}
