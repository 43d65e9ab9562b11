using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Qua2SeDiMo.Kernels.Convolutions;

/// <summary>Packs the integer weights of the input channels that share a plane of words: one word per kernel
/// tap.</summary>
internal static unsafe class PlanePacker
{
    private static readonly sbyte[] Zeros = new sbyte[IntegerConvolution.MaxTaps + Vector128<sbyte>.Count];

    /// <summary>row[plane·taps + t] holds bytes t of the plane's four channels, the first one in the lowest
    /// bits.</summary>
    /// <param name="integers">[channel, taps], and room for a vector after them.</param>
    /// <param name="channels">Four channels for each plane; −1 is zeros.</param>
    /// <param name="taps">Taps, at most <see cref="IntegerConvolution.MaxTaps"/>.</param>
    /// <param name="row">Destination, followed by room for 16 more words.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Four(sbyte* integers, ReadOnlySpan<int> channels, int taps, int* row)
    {
        fixed (sbyte* zeros = Zeros)
        {
            for (int i = 0; i < channels.Length; i += 4, row += taps)
            {
                sbyte* a = Of(integers, channels[i], taps, zeros),
                    b = Of(integers, channels[i + 1], taps, zeros),
                    c = Of(integers, channels[i + 2], taps, zeros),
                    d = Of(integers, channels[i + 3], taps, zeros);
                if (taps == 1)
                {
                    *row = (byte)*a | ((byte)*b << 8) | ((byte)*c << 16) | (*d << 24);
                    continue;
                }
                for (int t = 0; t < taps; t += Vector128<sbyte>.Count)
                {
                    Vector128<sbyte> first = Vector128.Load(a + t),
                        second = Vector128.Load(b + t),
                        third = Vector128.Load(c + t),
                        fourth = Vector128.Load(d + t);
                    Words(Bytes(first, second, high: false), Bytes(third, fourth, high: false), row + t);
                    if (t + 8 < taps)
                        Words(Bytes(first, second, high: true), Bytes(third, fourth, high: true), row + t + 8);
                }
            }
        }
    }

    /// <summary>row[plane·taps + t] holds integers t of the plane's two channels as 16 bits each, the first one in the
    /// lowest bits.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Two(sbyte* integers, ReadOnlySpan<int> channels, int taps, int* row)
    {
        fixed (sbyte* zeros = Zeros)
        {
            for (int i = 0; i < channels.Length; i += 2, row += taps)
            {
                sbyte* a = Of(integers, channels[i], taps, zeros),
                    b = Of(integers, channels[i + 1], taps, zeros);
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
                    if (t + 8 < taps)
                        Words(high, high2, row + t + 8);
                }
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static sbyte* Of(sbyte* integers, int channel, int taps, sbyte* zeros) =>
        channel < 0 ? zeros : integers + ((nint)channel * taps);

    // Interleaves the bytes of one half of each vector.
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
