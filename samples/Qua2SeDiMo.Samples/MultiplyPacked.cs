using Qua2SeDiMo.Kernels;
using Qua2SeDiMo.Kernels.Codes;
using Qua2SeDiMo.Kernels.Layout;
using Qua2SeDiMo.Kernels.Scheduling;

namespace Qua2SeDiMo.Samples;

/// <summary>Multiplies by a weight that stays packed in memory; needs only the package Qua2SeDiMo.Kernels.</summary>
internal static class MultiplyPacked
{
    internal const int Channels = 64,
        Inputs = 256,
        Tokens = 8;

    // Any 4-bit codes with any palette of 16 ascending values form a valid weight.
    internal static byte[] Codes { get; } = [.. Enumerable.Range(0, Channels * Inputs).Select(i => (byte)(i * 7 % 16))];

    internal static float[] Palette { get; } = [.. Enumerable.Range(0, 16).Select(i => (i - 7.5f) / 8)];

    internal static float[] Activations { get; } = [.. Enumerable.Range(0, Tokens * Inputs).Select(i => MathF.Sin(i))];

    internal static float[] Run()
    {
        // <readme>
        var spec = new QuantizerSpec(QuantizerMethod.KMeansPerTensor, Bits: 4);
        var weight = new QuantizedWeight(
            spec,
            Channels,
            Inputs,
            ElementType.Float16,
            Codes,
            Palette,
            affine: null,
            meanError: 0
        );
        PaletteMatrix packed = PaletteMatrix.From(weight);

        float[] y = new float[Tokens * Channels];
        PaletteMatMul.Multiply(Activations, Tokens, packed, bias: [], y, WorkRunners.Threads(2));
        // </readme>
        return y;
    }
}
