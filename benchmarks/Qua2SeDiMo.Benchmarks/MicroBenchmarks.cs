using BenchmarkDotNet.Attributes;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Exporters.Json;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.Emit;
using Qua2SeDiMo.Kernels;
using Qua2SeDiMo.Kernels.Codes;
using Qua2SeDiMo.Kernels.Layout;
using Qua2SeDiMo.Kernels.Scheduling;
using Qua2SeDiMo.Numerics;
using Qua2SeDiMo.Quantizers.Affine;
using Qua2SeDiMo.Quantizers.Bank;
using Qua2SeDiMo.Quantizers.Palettes;

namespace Qua2SeDiMo.Benchmarks;

/// <summary>Time and memory allocations of single steps on one thread, by BenchmarkDotNet; <c>Q2_KERNEL</c> selects the
/// variant.</summary>
internal static class MicroBenchmarks
{
    internal static void Run(string folder)
    {
        // Runs in process, since the projects that BenchmarkDotNet generates by default do not use the repository's
        // build settings.
        IConfig config = DefaultConfig
            .Instance.WithArtifactsPath(folder)
            .AddExporter(JsonExporter.Brief)
            .AddJob(Job.ShortRun.WithToolchain(InProcessEmitToolchain.Instance));
        BenchmarkRunner.Run([typeof(PaletteProductBenchmark), typeof(QuantizerStepBenchmark)], config);
    }
}

/// <summary>One product of tokens with a packed 1152×1152 weight.</summary>
[MemoryDiagnoser]
public class PaletteProductBenchmark
{
    private const int Width = 1152;

    private PaletteMatrix weight = null!;
    private float[] inputs = [],
        outputs = [],
        bias = [];

    /// <summary>Rows of the input.</summary>
    [Params(1, 16, 256)]
    public int Tokens { get; set; }

    /// <summary>Bits of a code.</summary>
    [Params(3, 4)]
    public int Bits { get; set; }

    /// <summary>Creates weight and inputs.</summary>
    [GlobalSetup]
    public void Prepare()
    {
        var random = new Pcg32(3);
        var spec = new QuantizerSpec(QuantizerMethod.KMeansPerChannel, Bits);
        byte[] codes = new byte[Width * Width];
        for (int i = 0; i < codes.Length; i++)
            codes[i] = (byte)random.Next(spec.PaletteLength);
        float[] palettes = new float[Width * spec.PaletteLength];
        for (int i = 0; i < palettes.Length; i++)
            palettes[i] = (float)(Half)(0.01 * random.NextNormal());
        weight = PaletteMatrix.From(
            new QuantizedWeight(spec, Width, Width, ElementType.Float16, codes, palettes, null, 0)
        );
        (inputs, outputs, bias) = (new float[Tokens * Width], new float[Tokens * Width], new float[Width]);
        for (int i = 0; i < inputs.Length; i++)
            inputs[i] = (float)random.NextNormal();
    }

    /// <summary>Product in single precision.</summary>
    [Benchmark(Baseline = true)]
    public void Float() => PaletteMatMul.Multiply(inputs, Tokens, weight, bias, outputs, WorkRunners.Sequential);

    /// <summary>Product with 8-bit activations.</summary>
    [Benchmark]
    public void Activations8() =>
        PaletteMatMul.MultiplyQuantized(inputs, Tokens, weight, bias, 8, outputs, WorkRunners.Sequential);
}

/// <summary>Steps of quantizing and packing a 1152×1152 float16 weight.</summary>
[MemoryDiagnoser]
public class QuantizerStepBenchmark
{
    private const int Width = 1152;
    private static readonly ParallelOptions OneThread = new() { MaxDegreeOfParallelism = 1 };

    private WeightMatrix weight = null!;
    private QuantizedWeight quantized = null!;
    private float[] values = [];
    private byte[] packed = [];

    /// <summary>Creates the weight.</summary>
    [GlobalSetup]
    public void Prepare()
    {
        var random = new Pcg32(4);
        values = new float[Width * Width];
        for (int i = 0; i < values.Length; i++)
            values[i] = (float)(Half)(0.04 * random.NextNormal());
        weight = new WeightMatrix("layer", values, Width, Width, ElementType.Float16);
        quantized = PaletteQuantizer.PerTensor(weight, [4], ElementType.Float16, OneThread)[0];
        packed = new byte[CodePacker.PackedLength(quantized.Count, 4)];
    }

    /// <summary>Exact k-means of the whole tensor, 8 and 16 levels.</summary>
    [Benchmark]
    public object KMeansPerTensor() => PaletteQuantizer.PerTensor(weight, [4, 3], ElementType.Float16, OneThread);

    /// <summary>UAQ at 4 bits.</summary>
    [Benchmark]
    public object Affine() => AffineQuantizer.Quantize(weight, 4, ElementType.Float16, OneThread);

    /// <summary>Packing of 4-bit codes.</summary>
    [Benchmark]
    public void Pack() => CodePacker.Pack(quantized.Codes, 4, packed);
}
