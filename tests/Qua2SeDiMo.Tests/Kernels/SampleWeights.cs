using Qua2SeDiMo.Kernels.Codes;
using Qua2SeDiMo.Numerics;

namespace Qua2SeDiMo.Tests.Kernels;

/// <summary>Weights with random codes and ascending random palettes; kernels do not depend on realistic
/// values.</summary>
internal static class SampleWeights
{
    internal static readonly QuantizerSpec[] AllSpecs =
    [
        .. from method in Enum.GetValues<QuantizerMethod>()
        from bits in Enumerable.Range(2, 7)
        select new QuantizerSpec(method, bits),
    ];

    internal static QuantizedWeight Make(
        QuantizerSpec spec,
        int outChannels,
        int rowLength,
        ElementType type = ElementType.Float16,
        ulong seed = 7
    )
    {
        var random = new Pcg32(seed, (ulong)((outChannels * 131) + rowLength));
        byte[] codes = new byte[outChannels * rowLength];
        for (int i = 0; i < codes.Length; i++)
            codes[i] = (byte)random.Next(spec.PaletteLength);
        if (spec.Method == QuantizerMethod.UniformAffine)
        {
            var affine = new AffineParameters(
                [
                    .. Enumerable
                        .Range(0, outChannels)
                        .Select(_ => TablePrecision.Round(type, 0.01f + (random.Next(1000) * 1e-5f))),
                ],
                [.. Enumerable.Range(0, outChannels).Select(_ => (float)random.Next(spec.PaletteLength))]
            );
            return new QuantizedWeight(
                spec,
                outChannels,
                rowLength,
                type,
                codes,
                affine.ToPalettes(spec.Bits),
                affine,
                0
            );
        }
        float[] palettes = new float[spec.PaletteCount(outChannels) * spec.PaletteLength];
        for (int first = 0; first < palettes.Length; first += spec.PaletteLength)
        {
            for (int i = 0; i < spec.PaletteLength; i++)
                palettes[first + i] = TablePrecision.Round(type, (random.Next(20001) - 10000) * 1e-5f);
            palettes.AsSpan(first, spec.PaletteLength).Sort();
        }
        return new QuantizedWeight(spec, outChannels, rowLength, type, codes, palettes, null, 0);
    }

    internal static float[] Activations(int count, ulong seed = 3)
    {
        var random = new Pcg32(seed, (ulong)count);
        float[] values = new float[count];
        for (int i = 0; i < count; i++)
            values[i] = (random.Next(20001) - 9000) * 1e-4f;
        return values;
    }
}
