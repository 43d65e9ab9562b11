using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Qua2SeDiMo.Kernels.MicroKernels;

namespace Qua2SeDiMo.Kernels.Gemm;

/// <summary>Transposes rows of tokens to panels [k, token], and sums [channel, token] to rows of tokens.</summary>
internal static unsafe class PanelTransposer
{
    private const int Side = 8;

    /// <summary>panel[k, t] = rows[t, k]; tokens from count on are zeros. Words may be integers.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Pack(float* rows, int length, int count, int width, float* panel)
    {
        for (int token = 0; token < width; token += Side)
        {
            float* source = rows + ((long)token * length),
                target = panel + token;
            int k = 0;
            if (token + Side <= count)
            {
                for (; k + Side <= length; k += Side)
                    Transpose8.Run(
                        source + k,
                        length,
                        target + ((nint)k * width),
                        width,
                        Vector256<float>.Zero,
                        add: false
                    );
            }
            for (; k < length; k++)
            {
                for (int i = 0; i < Side; i++)
                    target[((nint)k * width) + i] = token + i < count ? source[((nint)i * length) + k] : 0f;
            }
        }
    }

    /// <summary>y[t, c] = sums[c, t] + bias[c].</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Store(
        float* sums,
        nint pitch,
        int channels,
        int count,
        float* bias,
        float* y,
        nint outChannels
    )
    {
        for (int token = 0; token < count; token += Side)
        {
            for (int channel = 0; channel < channels; channel += Side)
            {
                float* source = sums + (channel * pitch) + token,
                    target = y + (token * outChannels) + channel;
                if (token + Side <= count && channel + Side <= channels)
                {
                    if (bias is null)
                        Transpose8.Run(source, pitch, target, outChannels, Vector256<float>.Zero, add: false);
                    else
                        Transpose8.Run(source, pitch, target, outChannels, Vector256.Load(bias + channel), add: true);
                    continue;
                }
                for (int i = 0; i < Math.Min(Side, count - token); i++)
                {
                    for (int j = 0; j < Math.Min(Side, channels - channel); j++)
                        target[(i * outChannels) + j] =
                            source[(j * pitch) + i] + (bias is null ? 0f : bias[channel + j]);
                }
            }
        }
    }
}
