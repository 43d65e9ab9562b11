using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Qua2SeDiMo.Kernels.Convolutions;

/// <summary>Weights of the input channels that share a plane of words, kernel place by kernel place.</summary>
internal static unsafe class PlanePacker
{
    private static readonly sbyte[] Nothing = new sbyte[IntegerConvolution.MostTaps + Vector128<sbyte>.Count];

    /// <summary>row[plane·taps + t] holds bytes t of the plane's four channels, the first one in the lowest bits.</summary>
    /// <param name="integers">[channel, taps], and room for a vector behind.</param>
    /// <param name="channels">Four channels for each plane; −1 is zeros.</param>
    /// <param name="taps">Kernel places, at most <see cref="IntegerConvolution.MostTaps"/>.</param>
    /// <param name="row">Words, and room for a vector of bytes' words behind.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Four(sbyte* integers, ReadOnlySpan<int> channels, int taps, int* row)
    {
        fixed (sbyte* nothing = Nothing)
        {
            for (int i = 0; i < channels.Length; i += 4, row += taps)
            {
                sbyte* a = Of(integers, channels[i], taps, nothing), b = Of(integers, channels[i + 1], taps, nothing), c = Of(integers, channels[i + 2], taps, nothing), d = Of(integers, channels[i + 3], taps, nothing);
                if (taps == 1)
                {
                    *row = (byte)*a | ((byte)*b << 8) | ((byte)*c << 16) | (*d << 24);
                    continue;
                }
                for (int t = 0; t < taps; t += Vector128<sbyte>.Count)
                {
                    Vector128<sbyte> first = Vector128.Load(a + t), second = Vector128.Load(b + t), third = Vector128.Load(c + t), fourth = Vector128.Load(d + t);
                    Words(Bytes(first, second, high: false), Bytes(third, fourth, high: false), row + t);
                    if (t + 8 < taps) Words(Bytes(first, second, high: true), Bytes(third, fourth, high: true), row + t + 8);
                }
            }
        }
    }

    /// <summary>The same with two channels for each plane, as 16-bit integers.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Two(sbyte* integers, ReadOnlySpan<int> channels, int taps, int* row)
    {
        fixed (sbyte* nothing = Nothing)
        {
            for (int i = 0; i < channels.Length; i += 2, row += taps)
            {
                sbyte* a = Of(integers, channels[i], taps, nothing), b = Of(integers, channels[i + 1], taps, nothing);
                if (taps == 1)
                {
                    *row = (ushort)(short)*a | ((int)*b << 16);
                    continue;
                }
                for (int t = 0; t < taps; t += Vector128<sbyte>.Count)
                {
                    (Vector128<short> low, Vector128<short> high) = Vector128.Widen(Vector128.Load(a + t));
                    (Vector128<short> low2, Vector128<short> high2) = Vector128.Widen(Vector128.Load(b + t));
                    Words(low, low2, row + t);
                    if (t + 8 < taps) Words(high, high2, row + t + 8);
                }
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static sbyte* Of(sbyte* integers, int channel, int taps, sbyte* nothing) => channel < 0 ? nothing : integers + ((nint)channel * taps);

    // Bytes of two vectors in turn, from one half of each.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<short> Bytes(Vector128<sbyte> first, Vector128<sbyte> second, bool high) =>
        (high ? Sse2.UnpackHigh(first, second) : Sse2.UnpackLow(first, second)).AsInt16();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Words(Vector128<short> first, Vector128<short> second, int* row)
    {
        Sse2.UnpackLow(first, second).AsInt32().Store(row);
        Sse2.UnpackHigh(first, second).AsInt32().Store(row + 4);
    }
}
