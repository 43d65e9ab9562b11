using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Qua2SeDiMo.Kernels.MicroKernels;

namespace Qua2SeDiMo.Kernels.Convolutions;

/// <summary>
/// The three transformations of F(4×4, 3×3). They turn a 3×3 convolution into 36 matrix products, one per element of a
/// transformed tile, with 36 multiplications per tile instead of 144 (Lavin and Gray, Fast Algorithms for Convolutional
/// Neural Networks, CVPR 2016, arXiv 1509.09308): Y = Aᵀ[(G g Gᵀ) ⊙ (Bᵀ d B)]A with points 0, ±1, ±2 and ∞.
/// </summary>
internal static unsafe class WinogradTransform
{
    /// <summary>Rows and columns of a tile's inputs.</summary>
    internal const int InputSide = 6;

    /// <summary>Rows and columns of a tile's outputs.</summary>
    internal const int OutputSide = 4;

    /// <summary>Elements of a transformed tile: one matrix product each.</summary>
    internal const int Elements = InputSide * InputSide;

    private const int Kernel = 3,
        Taps = Kernel * Kernel,
        Lanes = 8;

    /// <summary>Bᵀ d B of tiles that lie side by side.</summary>
    /// <param name="inputs">[6·6, inputPitch], overwritten.</param>
    /// <param name="inputPitch">Floats from input to input.</param>
    /// <param name="width">Tiles, a multiple of 8.</param>
    /// <param name="target">Element 0; the tiles of an element lie side by side.</param>
    /// <param name="pitch">Floats from element to element.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Inputs(float* inputs, nint inputPitch, int width, float* target, nint pitch)
    {
        for (int tile = 0; tile < width; tile += Lanes)
        {
            for (int column = 0; column < InputSide; column++)
            {
                float* at = inputs + (column * inputPitch) + tile;
                Spread(at, InputSide * inputPitch, at, InputSide * inputPitch);
            }
            for (int row = 0; row < InputSide; row++)
                Spread(
                    inputs + (row * InputSide * inputPitch) + tile,
                    inputPitch,
                    target + (row * InputSide * pitch) + tile,
                    pitch
                );
        }
    }

    /// <summary>G g Gᵀ of the input channels of one output channel.</summary>
    /// <param name="weights">[channels, 3·3], followed by readable space for seven channels.</param>
    /// <param name="channels">Input channels.</param>
    /// <param name="target">Destination of each element; its channels lie side by side, followed by room for one
    /// vector.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Weights(float* weights, int channels, float** target)
    {
        float* taps = stackalloc float[Taps * Lanes],
            columns = stackalloc float[InputSide * Kernel * Lanes];
        for (int channel = 0; channel < channels; channel += Lanes, weights += Lanes * Taps)
        {
            Transpose8.Run(weights, Taps, taps, Lanes, Vector256<float>.Zero, add: false);
            for (int i = 0; i < Lanes; i++)
                taps[((Taps - 1) * Lanes) + i] = weights[(i * Taps) + Taps - 1];
            for (int column = 0; column < Kernel; column++)
            {
                float* tap = taps + (column * Lanes);
                Expand(
                    Vector256.Load(tap),
                    Vector256.Load(tap + (Kernel * Lanes)),
                    Vector256.Load(tap + (2 * Kernel * Lanes)),
                    out Vector256<float> a,
                    out Vector256<float> b,
                    out Vector256<float> c,
                    out Vector256<float> d,
                    out Vector256<float> e,
                    out Vector256<float> f
                );
                float* at = columns + (column * Lanes);
                a.Store(at);
                b.Store(at + (Kernel * Lanes));
                c.Store(at + (2 * Kernel * Lanes));
                d.Store(at + (3 * Kernel * Lanes));
                e.Store(at + (4 * Kernel * Lanes));
                f.Store(at + (5 * Kernel * Lanes));
            }
            for (int row = 0; row < InputSide; row++)
            {
                float* at = columns + (row * Kernel * Lanes);
                Expand(
                    Vector256.Load(at),
                    Vector256.Load(at + Lanes),
                    Vector256.Load(at + (2 * Lanes)),
                    out Vector256<float> a,
                    out Vector256<float> b,
                    out Vector256<float> c,
                    out Vector256<float> d,
                    out Vector256<float> e,
                    out Vector256<float> f
                );
                float** element = target + (row * InputSide);
                a.Store(element[0] + channel);
                b.Store(element[1] + channel);
                c.Store(element[2] + channel);
                d.Store(element[3] + channel);
                e.Store(element[4] + channel);
                f.Store(element[5] + channel);
            }
        }
    }

    /// <summary>Aᵀ m A of tiles that lie side by side.</summary>
    /// <param name="products">Element 0; the tiles of an element lie side by side.</param>
    /// <param name="pitch">Floats from element to element.</param>
    /// <param name="width">Tiles; rounded up to a multiple of 8.</param>
    /// <param name="bias">Added.</param>
    /// <param name="target">[4·4, targetPitch].</param>
    /// <param name="targetPitch">Floats from output to output.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Outputs(float* products, nint pitch, int width, float bias, float* target, nint targetPitch)
    {
        float* rows = stackalloc float[OutputSide * InputSide * Lanes];
        for (int tile = 0; tile < width; tile += Lanes)
        {
            for (int column = 0; column < InputSide; column++)
                Gather(
                    products + (column * pitch) + tile,
                    InputSide * pitch,
                    rows + (column * Lanes),
                    InputSide * Lanes,
                    Vector256<float>.Zero
                );
            for (int row = 0; row < OutputSide; row++)
            {
                Gather(
                    rows + (row * InputSide * Lanes),
                    Lanes,
                    target + (row * OutputSide * targetPitch) + tile,
                    targetPitch,
                    Vector256.Create(bias)
                );
            }
        }
    }

    // Bᵀ of six values.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Spread(float* source, nint pitch, float* target, nint targetPitch)
    {
        Vector256<float> a = Vector256.Load(source),
            b = Vector256.Load(source + pitch),
            c = Vector256.Load(source + (2 * pitch)),
            d = Vector256.Load(source + (3 * pitch)),
            e = Vector256.Load(source + (4 * pitch)),
            f = Vector256.Load(source + (5 * pitch)),
            two = Vector256.Create(2f),
            four = Vector256.Create(4f),
            five = Vector256.Create(5f);
        Vector256<float> even = e - (four * c),
            odd = d - (four * b),
            evenHalf = e - c,
            oddHalf = two * (d - b);
        ((four * a) - (five * c) + e).Store(target);
        (even + odd).Store(target + targetPitch);
        (even - odd).Store(target + (2 * targetPitch));
        (evenHalf + oddHalf).Store(target + (3 * targetPitch));
        (evenHalf - oddHalf).Store(target + (4 * targetPitch));
        ((four * b) - (five * d) + f).Store(target + (5 * targetPitch));
    }

    // G of three values.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Expand(
        Vector256<float> g,
        Vector256<float> h,
        Vector256<float> i,
        out Vector256<float> a,
        out Vector256<float> b,
        out Vector256<float> c,
        out Vector256<float> d,
        out Vector256<float> e,
        out Vector256<float> f
    )
    {
        Vector256<float> outer = (g + i) * (-1f / 6f),
            inner = h * (1f / 6f),
            far = (g * (1f / 24f)) + (i * (1f / 6f)),
            near = h * (1f / 12f);
        a = g * 0.25f;
        b = outer - inner;
        c = outer + inner;
        d = far + near;
        e = far - near;
        f = i;
    }

    // Aᵀ of six values.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Gather(float* source, nint pitch, float* target, nint targetPitch, Vector256<float> bias)
    {
        Vector256<float> a = Vector256.Load(source),
            b = Vector256.Load(source + pitch),
            c = Vector256.Load(source + (2 * pitch)),
            d = Vector256.Load(source + (3 * pitch)),
            e = Vector256.Load(source + (4 * pitch)),
            f = Vector256.Load(source + (5 * pitch)),
            two = Vector256.Create(2f),
            four = Vector256.Create(4f),
            eight = Vector256.Create(8f);
        Vector256<float> sum = b + c,
            difference = b - c,
            farSum = d + e,
            farDifference = d - e;
        (a + sum + farSum + bias).Store(target);
        (difference + (two * farDifference) + bias).Store(target + targetPitch);
        (sum + (four * farSum) + bias).Store(target + (2 * targetPitch));
        (difference + (eight * farDifference) + f + bias).Store(target + (3 * targetPitch));
    }
}
