using System.Text.Json;
using Qua2SeDiMo.Kernels.Codes;
using Qua2SeDiMo.Quantizers.Affine;
using Qua2SeDiMo.Quantizers.Bank;
using Qua2SeDiMo.Quantizers.Palettes;
using Xunit;

namespace Qua2SeDiMo.Tests.Quantizers;

public sealed class WeightQuantizerTests
{
    public static TheoryData<string> Options => [.. QuantizerSpec.PaperOptions.Select(spec => spec.ToString())];

    [Theory]
    [MemberData(nameof(Options))]
    public void The_stated_error_is_that_of_the_reconstruction(string option)
    {
        foreach (ElementType type in new[] { ElementType.Float32, ElementType.Float16, ElementType.BFloat16 })
        {
            WeightMatrix weight = Weight(37, 61, type);
            QuantizedWeight quantized = Quantize(weight, option, type);
            float[] values = new float[weight.Count];
            quantized.Dequantize(values);
            double error = 0;
            for (int i = 0; i < values.Length; i++)
                error += ErrorPower.Plain((double)weight.Values.Span[i] - values[i]) / values.Length;
            Assert.Equal(error, quantized.MeanError, 1e-6 * error);
        }
    }

    [Theory]
    [MemberData(nameof(Options))]
    public void Stored_tables_give_back_the_palettes_exactly(string option)
    {
        foreach (ElementType type in new[] { ElementType.Float32, ElementType.Float16, ElementType.BFloat16 })
        {
            foreach (float shift in new[] { 0f, 3f, -100f })
            {
                float[] values =
                [
                    .. KMeans1DTests.Gaussian(20 * 64).Select(value => TablePrecision.Round(type, value + shift)),
                ];
                var weight = new WeightMatrix("shifted", values, 20, 64, type);
                QuantizedWeight quantized = Quantize(weight, option, type);
                (float[] palettes, AffineParameters? affine) = WeightTables.Read(
                    "here",
                    WeightTables.Write(quantized),
                    quantized.Spec,
                    20,
                    type
                );
                Assert.Equal(quantized.Palettes, palettes);
                Assert.Equal(quantized.Affine?.Scales, affine?.Scales);
                Assert.Equal(quantized.Affine?.ZeroPoints, affine?.ZeroPoints);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Options))]
    public void Rounded_tables_cost_next_to_nothing(string option)
    {
        foreach (
            (ElementType type, double share) in new[] { (ElementType.Float16, 0.01), (ElementType.BFloat16, 0.05) }
        )
        {
            WeightMatrix weight = Weight(40, 200, type);
            double exact = Quantize(weight, option, ElementType.Float32).MeanError,
                rounded = Quantize(weight, option, type).MeanError;
            Assert.InRange(rounded, (1 - share) * exact, (1 + share) * exact);
        }
    }

    [Theory]
    [MemberData(nameof(Options))]
    public void Threads_do_not_change_the_result(string option)
    {
        WeightMatrix weight = Weight(300, 200, ElementType.Float16);
        QuantizedWeight one = Quantize(weight, option, ElementType.Float16, 1),
            three = Quantize(weight, option, ElementType.Float16, 3);
        Assert.Equal(one.Codes, three.Codes);
        Assert.Equal(one.Palettes, three.Palettes);
        Assert.Equal(one.MeanError, three.MeanError);
    }

    [Theory]
    [MemberData(nameof(Options))]
    public void Constant_channels_are_exact(string option)
    {
        float[] values = [1.5f, 1.5f, 1.5f, -0.25f, -0.25f, -0.25f, 0f, 0f, 0f];
        var weight = new WeightMatrix("constant", values, 3, 3, ElementType.Float16);
        float[] found = new float[9];
        Quantize(weight, option, ElementType.Float16).Dequantize(found);
        Assert.Equal(values, found);
    }

    [Fact]
    public void Channels_of_the_smallest_half_precision_values_keep_their_resolution()
    {
        float ulp = (float)Half.Epsilon;
        float[] values = [.. Enumerable.Range(0, 12).Select(i => (i - 5) * ulp)];
        var weight = new WeightMatrix("tiny", values, 1, 12, ElementType.Float16);
        float[] found = new float[12];
        AffineQuantizer.Quantize(weight, 4, ElementType.Float16).Dequantize(found);
        Assert.All(values.Zip(found), pair => Assert.Equal(pair.First, pair.Second, 0.5f * (11 * ulp / 15)));
    }

    [Fact]
    public void A_weight_that_is_not_finite_is_refused_by_every_method()
    {
        var weight = new WeightMatrix("broken", new[] { 1f, float.NaN, 2f, 3f }, 2, 2, ElementType.Float32);
        foreach (QuantizerSpec spec in QuantizerSpec.PaperOptions)
        {
            Assert.Throws<UnquantizableWeightException>(() =>
                Quantize(weight, spec.ToString(), ElementType.Float32, 1)
            );
        }
    }

    [Theory]
    [InlineData("dit-xl-2-512", 1_433_972_736, 16)]
    [InlineData("pixart-alpha-xl-2-512", 1_220_456_448, 16)]
    [InlineData("pixart-sigma-xl-2-1024-ms", 1_220_456_448, 16)]
    [InlineData("hunyuan-dit-v1.0", 2_999_291_904, 16)]
    [InlineData("sdv15-unet", 3_436_308_480, 32)]
    [InlineData("sdxl-base-unet", 5_131_760_640, 16)]
    public void Quantizable_bytes_of_the_released_models_are_those_of_the_paper(
        string model,
        long bytes,
        int originalBits
    )
    {
        using JsonDocument document = JsonDocument.Parse(
            File.ReadAllText(RepositoryFiles.Golden($"real-models/{model}.json"))
        );
        long found = document
            .RootElement.GetProperty("tensors")
            .EnumerateArray()
            .Where(tensor => tensor.GetProperty("kind").GetString() is "Linear" or "Conv1d" or "Conv2d")
            .Select(tensor => (Name: tensor.GetProperty("name").GetString()!, Shape: tensor.GetProperty("shape")))
            .Where(tensor =>
                tensor.Name.EndsWith(".weight", StringComparison.Ordinal)
                && !System.Text.RegularExpressions.Regex.IsMatch(tensor.Name, @"pooler\.\w+_proj\.")
            )
            .Sum(tensor =>
                tensor.Shape.EnumerateArray().Aggregate(1L, (product, extent) => product * extent.GetInt64())
                * originalBits
                / 8
            );
        Assert.Equal(bytes, found);
    }

    internal static QuantizedWeight Quantize(WeightMatrix weight, string option, ElementType tables, int threads = 2)
    {
        Assert.True(QuantizerSpec.TryParse(option, out QuantizerSpec? spec));
        var parallel = new ParallelOptions { MaxDegreeOfParallelism = threads };
        return spec.Method switch
        {
            QuantizerMethod.UniformAffine => AffineQuantizer.Quantize(weight, spec.Bits, tables, parallel),
            QuantizerMethod.KMeansPerChannel => PaletteQuantizer.PerChannel(weight, [spec.Bits], tables, parallel)[0],
            _ => PaletteQuantizer.PerTensor(weight, [spec.Bits], tables, parallel)[0],
        };
    }

    internal static WeightMatrix Weight(int rows, int rowLength, ElementType type) =>
        new(
            "weight",
            KMeans1DTests.Gaussian(rows * rowLength).Select(value => TablePrecision.Round(type, value)).ToArray(),
            rows,
            rowLength,
            type
        );
}
