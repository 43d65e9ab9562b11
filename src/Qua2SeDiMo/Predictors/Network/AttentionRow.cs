using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Qua2SeDiMo.Predictors.Network;

/// <summary>
/// The row kernels of <see cref="GatV2Layer"/>. Kernels <c>…64</c> are for rows of 64 channels and keep them in
/// registers over the inputs of a row. The others loop over any width that is a multiple of 16 and are the reference
/// that tests compare with. For each channel of an edge one bit records on which side of the LeakyReLU's kink it is, so
/// that the backward pass need not read both ends again.
/// </summary>
internal static unsafe class AttentionRow
{
    /// <summary>Slope of the LeakyReLU below zero.</summary>
    public const float NegativeSlope = 0.2f;

    private const int Lanes = 16;
    private static readonly Vector512<int> LaneBits = Vector512.Create(
        1,
        2,
        4,
        8,
        16,
        32,
        64,
        128,
        256,
        512,
        1024,
        2048,
        4096,
        8192,
        16384,
        32768
    );

    /// <summary>Number of 16-bit words of side bits per edge.</summary>
    public static int SideWords(int stride) => stride / Lanes;

    /// <summary>Attention scores of the inputs of one row and, where <paramref name="sides"/> is not null, the side
    /// bits of all channels.</summary>
    /// <param name="source">Source half of row 0. Rows are <c>2 · stride</c> apart; the target half follows after
    /// <c>stride</c>.</param>
    /// <param name="inputs">Rows of the inputs, the row itself first.</param>
    /// <param name="degree">Number of inputs.</param>
    /// <param name="attention">The attention vector a.</param>
    /// <param name="stride">Number of channels, padded to a multiple of 16.</param>
    /// <param name="scores">One per input.</param>
    /// <param name="sides">Side bits per input and channel (1: positive), or null.</param>
    public static void Scores(
        float* source,
        int* inputs,
        int degree,
        float* attention,
        int stride,
        float* scores,
        ushort* sides
    )
    {
        float* target = source + ((2L * inputs[0]) + 1) * stride;
        for (int k = 0; k < degree; k++)
        {
            float* from = source + (2L * inputs[k] * stride);
            Vector512<float> sum = Vector512<float>.Zero;
            for (int j = 0; j < stride; j += Lanes)
            {
                Vector512<float> z = Vector512.Load(from + j) + Vector512.Load(target + j);
                sum = Vector512.FusedMultiplyAdd(Leaky(z), Vector512.Load(attention + j), sum);
                if (sides is not null)
                    *sides++ = Bits(z);
            }
            scores[k] = Vector512.Sum(sum);
        }
    }

    /// <summary><see cref="Scores"/> for 64 channels.</summary>
    public static void Scores64(float* source, int* inputs, int degree, float* attention, float* scores, ushort* sides)
    {
        float* target = source + (128L * inputs[0]) + 64;
        Vector512<float> t0 = Vector512.Load(target),
            t1 = Vector512.Load(target + 16),
            t2 = Vector512.Load(target + 32),
            t3 = Vector512.Load(target + 48);
        Vector512<float> a0 = Vector512.Load(attention),
            a1 = Vector512.Load(attention + 16),
            a2 = Vector512.Load(attention + 32),
            a3 = Vector512.Load(attention + 48);
        for (int k = 0; k < degree; k++)
        {
            float* from = source + (128L * inputs[k]);
            Vector512<float> z0 = Vector512.Load(from) + t0,
                z1 = Vector512.Load(from + 16) + t1,
                z2 = Vector512.Load(from + 32) + t2,
                z3 = Vector512.Load(from + 48) + t3;
            Vector512<float> sum = Leaky(z0) * a0;
            sum = Vector512.FusedMultiplyAdd(Leaky(z1), a1, sum);
            sum = Vector512.FusedMultiplyAdd(Leaky(z2), a2, sum);
            sum = Vector512.FusedMultiplyAdd(Leaky(z3), a3, sum);
            scores[k] = Vector512.Sum(sum);
            if (sides is null)
                continue;
            sides[0] = Bits(z0);
            sides[1] = Bits(z1);
            sides[2] = Bits(z2);
            sides[3] = Bits(z3);
            sides += 4;
        }
    }

    /// <summary>Σ_k α_k·s_k + bias.</summary>
    public static void Mix(float* source, int* inputs, int degree, float* alpha, float* bias, int stride, float* output)
    {
        for (int j = 0; j < stride; j += Lanes)
        {
            Vector512<float> sum = Vector512.Load(bias + j);
            for (int k = 0; k < degree; k++)
            {
                sum = Vector512.FusedMultiplyAdd(
                    Vector512.Create(alpha[k]),
                    Vector512.Load(source + (2L * inputs[k] * stride) + j),
                    sum
                );
            }
            sum.Store(output + j);
        }
    }

    /// <summary><see cref="Mix"/> for 64 channels.</summary>
    public static void Mix64(float* source, int* inputs, int degree, float* alpha, float* bias, float* output)
    {
        Vector512<float> y0 = Vector512.Load(bias),
            y1 = Vector512.Load(bias + 16),
            y2 = Vector512.Load(bias + 32),
            y3 = Vector512.Load(bias + 48);
        for (int k = 0; k < degree; k++)
        {
            float* from = source + (128L * inputs[k]);
            Vector512<float> share = Vector512.Create(alpha[k]);
            y0 = Vector512.FusedMultiplyAdd(share, Vector512.Load(from), y0);
            y1 = Vector512.FusedMultiplyAdd(share, Vector512.Load(from + 16), y1);
            y2 = Vector512.FusedMultiplyAdd(share, Vector512.Load(from + 32), y2);
            y3 = Vector512.FusedMultiplyAdd(share, Vector512.Load(from + 48), y3);
        }
        y0.Store(output);
        y1.Store(output + 16);
        y2.Store(output + 32);
        y3.Store(output + 48);
    }

    /// <summary>Gradients of the scores of one row, from the gradient g of its output: α_k·(g·s_k − Σ_i
    /// α_i·g·s_i).</summary>
    public static void Slopes(
        float* source,
        int* inputs,
        int degree,
        float* alpha,
        float* gradient,
        int stride,
        float* slopes
    )
    {
        float mean = 0;
        for (int k = 0; k < degree; k++)
        {
            float* from = source + (2L * inputs[k] * stride);
            Vector512<float> sum = Vector512<float>.Zero;
            for (int j = 0; j < stride; j += Lanes)
                sum = Vector512.FusedMultiplyAdd(Vector512.Load(gradient + j), Vector512.Load(from + j), sum);
            slopes[k] = Vector512.Sum(sum);
            mean += alpha[k] * slopes[k];
        }
        for (int k = 0; k < degree; k++)
            slopes[k] = alpha[k] * (slopes[k] - mean);
    }

    /// <summary><see cref="Slopes"/> for 64 channels.</summary>
    public static void Slopes64(float* source, int* inputs, int degree, float* alpha, float* gradient, float* slopes)
    {
        Vector512<float> g0 = Vector512.Load(gradient),
            g1 = Vector512.Load(gradient + 16),
            g2 = Vector512.Load(gradient + 32),
            g3 = Vector512.Load(gradient + 48);
        float mean = 0;
        for (int k = 0; k < degree; k++)
        {
            float* from = source + (128L * inputs[k]);
            Vector512<float> sum = g0 * Vector512.Load(from);
            sum = Vector512.FusedMultiplyAdd(g1, Vector512.Load(from + 16), sum);
            sum = Vector512.FusedMultiplyAdd(g2, Vector512.Load(from + 32), sum);
            sum = Vector512.FusedMultiplyAdd(g3, Vector512.Load(from + 48), sum);
            slopes[k] = Vector512.Sum(sum);
            mean += alpha[k] * slopes[k];
        }
        for (int k = 0; k < degree; k++)
            slopes[k] = alpha[k] * (slopes[k] - mean);
    }

    /// <summary>Adds Σ_k slope_k · LeakyReLU(s_k + t), the row's contribution to the gradient of a.</summary>
    public static void AddActivations(float* source, int* inputs, int degree, float* slopes, int stride, float* sum)
    {
        float* target = source + ((2L * inputs[0]) + 1) * stride;
        for (int j = 0; j < stride; j += Lanes)
        {
            Vector512<float> t = Vector512.Load(target + j),
                total = Vector512.Load(sum + j);
            for (int k = 0; k < degree; k++)
            {
                total = Vector512.FusedMultiplyAdd(
                    Leaky(Vector512.Load(source + (2L * inputs[k] * stride) + j) + t),
                    Vector512.Create(slopes[k]),
                    total
                );
            }
            total.Store(sum + j);
        }
    }

    /// <summary><see cref="AddActivations"/> for 64 channels.</summary>
    public static void AddActivations64(float* source, int* inputs, int degree, float* slopes, float* sum)
    {
        float* target = source + (128L * inputs[0]) + 64;
        Vector512<float> t0 = Vector512.Load(target),
            t1 = Vector512.Load(target + 16),
            t2 = Vector512.Load(target + 32),
            t3 = Vector512.Load(target + 48);
        Vector512<float> y0 = Vector512.Load(sum),
            y1 = Vector512.Load(sum + 16),
            y2 = Vector512.Load(sum + 32),
            y3 = Vector512.Load(sum + 48);
        for (int k = 0; k < degree; k++)
        {
            float* from = source + (128L * inputs[k]);
            Vector512<float> slope = Vector512.Create(slopes[k]);
            y0 = Vector512.FusedMultiplyAdd(Leaky(Vector512.Load(from) + t0), slope, y0);
            y1 = Vector512.FusedMultiplyAdd(Leaky(Vector512.Load(from + 16) + t1), slope, y1);
            y2 = Vector512.FusedMultiplyAdd(Leaky(Vector512.Load(from + 32) + t2), slope, y2);
            y3 = Vector512.FusedMultiplyAdd(Leaky(Vector512.Load(from + 48) + t3), slope, y3);
        }
        y0.Store(sum);
        y1.Store(sum + 16);
        y2.Store(sum + 32);
        y3.Store(sum + 48);
    }

    /// <summary>
    /// Adds Σ_k slope_k · a ⊙ LeakyReLU'(s_k + t), the gradient of t. The slopes of a softmax sum to zero, so only
    /// inputs on the other side of the kink than the first one contribute. Summing only those gives exactly zero for
    /// equal sides; the plain sum leaves rounding noise, which an adaptive optimizer would turn into steps.
    /// </summary>
    public static void AddTarget(ushort* sides, int degree, float* slopes, float* attention, int stride, float* result)
    {
        int words = SideWords(stride);
        for (int j = 0, word = 0; j < stride; j += Lanes, word++)
        {
            Vector512<float> sum = Vector512<float>.Zero;
            for (int k = 1; k < degree; k++)
                sum += Lane(sides[word] ^ sides[(k * words) + word]) & Vector512.Create(slopes[k]);
            Vector512<float> signed = Vector512.ConditionalSelect(Lane(sides[word]), -sum, sum);
            Vector512
                .FusedMultiplyAdd(
                    signed * (1 - NegativeSlope),
                    Vector512.Load(attention + j),
                    Vector512.Load(result + j)
                )
                .Store(result + j);
        }
    }

    /// <summary>Adds the gradient that one reader passes back to a source: α·g + slope · a ⊙ LeakyReLU'(s +
    /// t).</summary>
    public static void AddSource(
        ushort* sides,
        float alpha,
        float slope,
        float* gradient,
        float* attention,
        int stride,
        float* result
    )
    {
        Vector512<float> share = Vector512.Create(alpha),
            steep = Vector512.Create(slope),
            flat = steep * NegativeSlope;
        for (int j = 0; j < stride; j += Lanes)
        {
            Vector512<float> times = Vector512.ConditionalSelect(Lane(*sides++), steep, flat);
            Vector512<float> sum = Vector512.FusedMultiplyAdd(
                times,
                Vector512.Load(attention + j),
                Vector512.Load(result + j)
            );
            Vector512.FusedMultiplyAdd(share, Vector512.Load(gradient + j), sum).Store(result + j);
        }
    }

    /// <summary><see cref="AddSource"/> for 64 channels.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void AddSource64(
        ushort* sides,
        float alpha,
        float slope,
        float* gradient,
        float* attention,
        float* result
    )
    {
        Vector512<float> share = Vector512.Create(alpha),
            steep = Vector512.Create(slope),
            flat = steep * NegativeSlope;
        Vector512<float> y0 = Vector512.FusedMultiplyAdd(share, Vector512.Load(gradient), Vector512.Load(result));
        Vector512<float> y1 = Vector512.FusedMultiplyAdd(
            share,
            Vector512.Load(gradient + 16),
            Vector512.Load(result + 16)
        );
        Vector512<float> y2 = Vector512.FusedMultiplyAdd(
            share,
            Vector512.Load(gradient + 32),
            Vector512.Load(result + 32)
        );
        Vector512<float> y3 = Vector512.FusedMultiplyAdd(
            share,
            Vector512.Load(gradient + 48),
            Vector512.Load(result + 48)
        );
        Vector512
            .FusedMultiplyAdd(Vector512.ConditionalSelect(Lane(sides[0]), steep, flat), Vector512.Load(attention), y0)
            .Store(result);
        Vector512
            .FusedMultiplyAdd(
                Vector512.ConditionalSelect(Lane(sides[1]), steep, flat),
                Vector512.Load(attention + 16),
                y1
            )
            .Store(result + 16);
        Vector512
            .FusedMultiplyAdd(
                Vector512.ConditionalSelect(Lane(sides[2]), steep, flat),
                Vector512.Load(attention + 32),
                y2
            )
            .Store(result + 32);
        Vector512
            .FusedMultiplyAdd(
                Vector512.ConditionalSelect(Lane(sides[3]), steep, flat),
                Vector512.Load(attention + 48),
                y3
            )
            .Store(result + 48);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Leaky(Vector512<float> z) => Vector512.Max(z, z * NegativeSlope);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ushort Bits(Vector512<float> z) =>
        (ushort)Vector512.ExtractMostSignificantBits(Vector512.GreaterThan(z, Vector512<float>.Zero));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Lane(int bits) =>
        Vector512.Equals(Vector512.Create(bits) & LaneBits, LaneBits).AsSingle();
}
