using System.Diagnostics;
using Qua2SeDiMo.Graphs;
using Qua2SeDiMo.Models;
using Qua2SeDiMo.Quantizers;

namespace Qua2SeDiMo.Benchmarks;

/// <summary>The bank of a released model at full size, from a description and random weights.</summary>
internal static class BankBenchmark
{
    internal static void Run(string description, string folder, int threads)
    {
        RandomModelSpec spec = RandomModelSpec.Read(description);
        RandomModelWriter.Write(spec, Path.Combine(folder, "model"));
        QuantizableWeight[] weights =
        [
            .. spec.Tensors.Where(tensor => tensor.Kind is "Linear" or "Conv2d" && tensor.Info.Name.EndsWith(".weight", StringComparison.Ordinal)).Select(tensor => new QuantizableWeight(
                tensor.Info.Name[..^".weight".Length], tensor.Kind == "Linear" ? WeightOperator.Linear : WeightOperator.Conv2d, tensor.Info.Shape, tensor.Info.Name, 0, tensor.Info.Shape[1])),
        ];
        using Process process = Process.GetCurrentProcess();
        using ShardedTensors source = ShardedTensors.Open(Path.Combine(folder, "model"));
        TimeSpan before = process.TotalProcessorTime;
        long start = Stopwatch.GetTimestamp();
        QuantizerBankBuilder.Build(source, weights, Path.Combine(folder, "bank"), new BankOptions(threads));
        TimeSpan wall = Stopwatch.GetElapsedTime(start);
        process.Refresh();
        TimeSpan processor = process.TotalProcessorTime - before;
        long bytes = new DirectoryInfo(Path.Combine(folder, "bank")).EnumerateFiles().Sum(file => file.Length);
        Console.WriteLine($"{Path.GetFileNameWithoutExtension(description)}: {weights.Length} weights, {weights.Sum(weight => weight.ElementCount):N0} values, six options: "
            + $"wall {wall.TotalSeconds:F0} s, processor {processor.TotalSeconds:F0} s, peak memory {process.PeakWorkingSet64 / (1 << 20)} MiB, bank {bytes / (1 << 20)} MiB");
    }
}
