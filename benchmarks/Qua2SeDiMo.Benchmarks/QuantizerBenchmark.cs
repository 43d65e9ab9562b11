using Qua2SeDiMo.Kernels.Codes;
using Qua2SeDiMo.Numerics;
using Qua2SeDiMo.Quantizers;
using Qua2SeDiMo.Quantizers.Affine;
using Qua2SeDiMo.Quantizers.Bank;
using Qua2SeDiMo.Quantizers.Palettes;

namespace Qua2SeDiMo.Benchmarks;

/// <summary>Measures each method on one large layer of 4608×1152 normally distributed float16 weights.</summary>
internal static class QuantizerBenchmark
{
    private const int OutChannels = 4608,
        RowLength = 1152;

    internal static IEnumerable<Measurement> Run(int threads)
    {
        var random = new Pcg32(1);
        float[] values = new float[OutChannels * RowLength];
        for (int i = 0; i < values.Length; i++)
            values[i] = (float)(Half)(0.04 * random.NextNormal());
        var weight = new WeightMatrix("layer", values, OutChannels, RowLength, ElementType.Float16);
        var parallel = new ParallelOptions { MaxDegreeOfParallelism = threads };
        yield return Measurement.Of(
            "K-Means A, 8 and 16 levels",
            9,
            () => PaletteQuantizer.PerTensor(weight, [4, 3], ElementType.Float16, parallel)
        ) with
        {
            TargetMilliseconds = 150,
        };
        yield return Measurement.Of(
            "K-Means C, 8 and 16 levels",
            5,
            () => PaletteQuantizer.PerChannel(weight, [4, 3], ElementType.Float16, parallel)
        ) with
        {
            TargetMilliseconds = 1500,
        };
        yield return Measurement.Of(
            "UAQ, 4 bits",
            9,
            () => AffineQuantizer.Quantize(weight, 4, ElementType.Float16, parallel)
        );
        yield return Measurement.Of(
            "all six options",
            5,
            () => WeightQuantizer.Quantize(weight, QuantizerSpec.PaperOptions, null, parallel)
        );
        QuantizedWeight quantized = PaletteQuantizer.PerTensor(weight, [3], ElementType.Float16, parallel)[0];
        byte[] packed = new byte[CodePacker.PackedLength(quantized.Count, 3)];
        yield return Measurement.Of("pack 3-bit codes", 15, () => CodePacker.Pack(quantized.Codes, 3, packed));
        yield return Measurement.Of("unpack 3-bit codes", 15, () => CodePacker.Unpack(packed, 3, quantized.Codes));
        yield return Measurement.Of("dequantize", 15, () => quantized.Dequantize(values));
    }
}
