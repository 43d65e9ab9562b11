using System.Diagnostics;
using Qua2SeDiMo.Kernels;
using Qua2SeDiMo.Kernels.Codes;
using Qua2SeDiMo.Kernels.Layout;
using Qua2SeDiMo.Kernels.Scheduling;
using Qua2SeDiMo.Numerics;

namespace Qua2SeDiMo.Benchmarks;

/// <summary>Compares products and convolutions with palette-coded weights to operators of ONNX Runtime, alternately in
/// the same process with the same number of threads.</summary>
internal static class MatMulBenchmark
{
    private const int Repetitions = 30,
        LongRepetitions = 10,
        QuickRepetitions = 7,
        WarmUps = 1,
        LongTokens = 4096;

    // Threads of ONNX Runtime keep spinning after a run and would slow down this project's kernels, so these begin
    // after a pause. All models of ONNX Runtime share one thread pool, so that they do not disturb each other. Every
    // contender first runs untimed until its threads are awake and the clock frequency is up, as inside a model.
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100),
        Wake = TimeSpan.FromMilliseconds(6);

    internal static readonly (int OutChannels, int RowLength)[] Shapes =
    [
        (1152, 1152),
        (4608, 1152),
        (1152, 4608),
        (640, 640),
        (1280, 1280),
        (2560, 640),
        (640, 2560),
        (1280, 640),
        (2560, 2560),
    ];
    internal static readonly int[] TokenCounts = [1, 16, 64, 256, 1024, 4096];
    internal static readonly (int InChannels, int OutChannels, int Side, int Kernel, int Stride)[] Convolutions =
    [
        (320, 320, 64, 3, 1),
        (640, 640, 32, 3, 1),
        (1280, 1280, 16, 3, 1),
        (1280, 1280, 8, 3, 1),
        (960, 320, 64, 3, 1),
        (320, 320, 64, 3, 2),
        (640, 640, 32, 3, 2),
        (960, 320, 64, 1, 1),
        (1280, 640, 32, 1, 1),
    ];

    /// <summary>Results for one shape and number of tokens. Milliseconds are medians, spreads are interquartile ranges
    /// over the median, and ratios A/B are the speed of A relative to B.</summary>
    internal sealed record Row(
        string Operation,
        int Tokens,
        IReadOnlyDictionary<string, double> Milliseconds,
        IReadOnlyDictionary<string, double> Spread,
        IReadOnlyDictionary<string, double> Ratios
    );

    /// <summary>Measures all shapes and prints each result immediately.</summary>
    internal static IReadOnlyList<Row> Run(int threads, bool quick)
    {
        var rows = new List<Row>();
        using var pool = new WorkPool(threads);
        Console.WriteLine($"kernel {KernelSelector.ActiveName}, {threads} threads");
        int repetitions = quick ? QuickRepetitions : Repetitions;
        foreach ((int outChannels, int rowLength) in quick ? Shapes[..2] : Shapes)
        {
            foreach (int tokens in quick ? [1, 16, 256] : TokenCounts)
                Add(
                    rows,
                    Linear(
                        outChannels,
                        rowLength,
                        tokens,
                        threads,
                        pool.Run,
                        tokens < LongTokens ? repetitions : LongRepetitions
                    )
                );
        }
        foreach (
            (int inChannels, int outChannels, int side, int kernel, int stride) in quick
                ? Convolutions[..1]
                : Convolutions
        )
        {
            ConvolutionShape shape = Padded(inChannels, side, kernel, stride);
            Add(rows, Convolution(shape, outChannels, threads, pool.Run, Math.Min(repetitions, LongRepetitions)));
        }
        return rows;
    }

    /// <summary>One square image, padded by half of the kernel.</summary>
    internal static ConvolutionShape Padded(int inChannels, int side, int kernel, int stride) =>
        new(1, inChannels, side, side)
        {
            KernelHeight = kernel,
            KernelWidth = kernel,
            StrideHeight = stride,
            StrideWidth = stride,
            PadTop = kernel / 2,
            PadLeft = kernel / 2,
            PadBottom = kernel / 2,
            PadRight = kernel / 2,
        };

    private static void Add(List<Row> rows, Row row)
    {
        rows.Add(row);
        Console.WriteLine(
            $"{row.Operation} × {row.Tokens}: "
                + $"{string.Join(", ", row.Milliseconds.Select(pair => $"{pair.Key} {pair.Value:0.###}"))} ms; "
                + $"{string.Join(", ", row.Ratios.Select(pair => $"{pair.Key} {pair.Value:0.00}"))}"
        );
    }

    private static Row Linear(int outChannels, int rowLength, int tokens, int threads, WorkRunner run, int repetitions)
    {
        float[] x = Normal(tokens * rowLength),
            y = new float[tokens * outChannels],
            bias = new float[outChannels];
        (PaletteMatrix four, float[] dense) = Quantized(4, outChannels, rowLength);
        (PaletteMatrix three, _) = Quantized(3, outChannels, rowLength);
        using PeerModel single = PeerModel.MatMul(x, tokens, dense, outChannels, rowLength, y, threads),
            blocks = PeerModel.MatMulNBits(x, tokens, outChannels, rowLength, 0, y, threads),
            integerBlocks = PeerModel.MatMulNBits(x, tokens, outChannels, rowLength, 4, y, threads),
            dynamic = PeerModel.DynamicInt8(x, tokens, outChannels, rowLength, y, threads);
        return Measure(
            $"matmul {outChannels}×{rowLength}",
            tokens,
            repetitions,
            peers: 4,
            [
                ("fp32", single.Run),
                ("nbits_0", blocks.Run),
                ("nbits_4", integerBlocks.Run),
                ("int8", dynamic.Run),
                ("q2_w4", () => PaletteMatMul.Multiply(x, tokens, four, bias, y, run)),
                ("q2_w3", () => PaletteMatMul.Multiply(x, tokens, three, bias, y, run)),
                ("q2_w4a8", () => PaletteMatMul.MultiplyQuantized(x, tokens, four, bias, 8, y, run)),
                ("q2_w3a8", () => PaletteMatMul.MultiplyQuantized(x, tokens, three, bias, 8, y, run)),
            ],
            [
                ("q2_w4", "fp32"),
                ("q2_w3", "fp32"),
                ("q2_w4", "nbits_0"),
                ("q2_w4", "nbits_4"),
                ("q2_w4a8", "fp32"),
                ("q2_w4a8", "nbits_4"),
                ("q2_w4a8", "int8"),
            ]
        );
    }

    private static Row Convolution(
        ConvolutionShape shape,
        int outChannels,
        int threads,
        WorkRunner run,
        int repetitions
    )
    {
        int positions = shape.OutHeight * shape.OutWidth;
        float[] x = Normal(shape.InChannels * shape.Height * shape.Width),
            y = new float[outChannels * positions],
            bias = new float[outChannels];
        (PaletteMatrix four, float[] dense) = Quantized(4, outChannels, shape.RowLength);
        (PaletteMatrix three, _) = Quantized(3, outChannels, shape.RowLength);
        using PeerModel single = PeerModel.Conv(x, shape, dense, outChannels, y, threads),
            dynamic = PeerModel.DynamicInt8Conv(x, shape, outChannels, y, threads);
        string stride = shape.StrideHeight == 1 ? "" : $", stride {shape.StrideHeight}";
        return Measure(
            $"conv {shape.InChannels}→{outChannels} {shape.KernelHeight}×{shape.KernelWidth}{stride}, {shape.Height}×{shape.Width}",
            positions,
            repetitions,
            peers: 2,
            [
                ("fp32", single.Run),
                ("int8", dynamic.Run),
                ("q2_w4", () => PaletteConvolution.Convolve(shape, x, four, bias, y, run)),
                ("q2_w3", () => PaletteConvolution.Convolve(shape, x, three, bias, y, run)),
                ("q2_w4a8", () => PaletteConvolution.ConvolveQuantized(shape, x, four, bias, 8, y, run)),
                ("q2_w3a8", () => PaletteConvolution.ConvolveQuantized(shape, x, three, bias, 8, y, run)),
            ],
            [("q2_w4", "fp32"), ("q2_w3", "fp32"), ("q2_w4a8", "fp32"), ("q2_w4a8", "int8")]
        );
    }

    private static Row Measure(
        string operation,
        int tokens,
        int repetitions,
        int peers,
        (string Name, Action Run)[] contenders,
        (string Ours, string Peer)[] ratios
    )
    {
        double[][] times = [.. contenders.Select(_ => new double[repetitions])];
        for (int turn = -WarmUps; turn < repetitions; turn++)
        {
            for (int i = 0; i < contenders.Length; i++)
            {
                long pause = Stopwatch.GetTimestamp();
                while (i == peers && Stopwatch.GetElapsedTime(pause) < Pause)
                    Thread.SpinWait(20);
                long wake = Stopwatch.GetTimestamp();
                do contenders[i].Run();
                while (Stopwatch.GetElapsedTime(wake) < Wake);
                long start = Stopwatch.GetTimestamp();
                contenders[i].Run();
                if (turn >= 0)
                    times[i][turn] = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
            }
        }
        foreach (double[] of in times)
            of.AsSpan().Sort();
        double median(string name) =>
            times[Array.FindIndex(contenders, contender => contender.Name == name)][repetitions / 2];
        return new Row(
            operation,
            tokens,
            contenders.ToDictionary(contender => contender.Name, contender => Math.Round(median(contender.Name), 4)),
            contenders
                .Select(
                    (contender, i) =>
                        (
                            contender.Name,
                            Spread: (times[i][repetitions * 3 / 4] - times[i][repetitions / 4])
                                / times[i][repetitions / 2]
                        )
                )
                .ToDictionary(pair => pair.Name, pair => Math.Round(pair.Spread, 3)),
            ratios.ToDictionary(
                pair => $"{pair.Ours}/{pair.Peer}",
                pair => Math.Round(median(pair.Peer) / median(pair.Ours), 3)
            )
        );
    }

    // K-Means C with random codes and evenly spaced palettes; the speed does not depend on the values.
    internal static (PaletteMatrix Matrix, float[] Dense) Quantized(int bits, int outChannels, int rowLength)
    {
        var spec = new QuantizerSpec(QuantizerMethod.KMeansPerChannel, bits);
        var random = new Pcg32(11, (ulong)bits);
        byte[] codes = new byte[outChannels * rowLength];
        for (int i = 0; i < codes.Length; i++)
            codes[i] = (byte)random.Next(spec.PaletteLength);
        float[] palettes = new float[outChannels * spec.PaletteLength];
        for (int i = 0; i < palettes.Length; i++)
            palettes[i] = (float)(Half)(((i % spec.PaletteLength) - (spec.PaletteLength / 2)) * 0.01f);
        var weight = new QuantizedWeight(spec, outChannels, rowLength, ElementType.Float16, codes, palettes, null, 0);
        float[] dense = new float[codes.Length];
        weight.Dequantize(dense);
        return (PaletteMatrix.From(weight), dense);
    }

    internal static float[] Normal(int count)
    {
        var random = new Pcg32(5);
        float[] values = new float[count];
        for (int i = 0; i < count; i++)
            values[i] = (float)random.NextNormal();
        return values;
    }
}
