using System.Diagnostics;
using Qua2SeDiMo.Graphs.Ir;
using Qua2SeDiMo.Models;
using Qua2SeDiMo.Quantizers.Bank;

namespace Qua2SeDiMo.Benchmarks;

/// <summary>The bank of a released model at full size, from a description and random weights.</summary>
internal static class BankBenchmark
{
    /// <summary>Writes random weights in a process of its own, then makes the bank in this one.</summary>
    /// <param name="description">Description of a released denoiser (JSON).</param>
    /// <param name="folder">Folder for weights and bank; kept.</param>
    /// <param name="threads">0 for all.</param>
    /// <param name="largestOnly">Only the weight of most values.</param>
    internal static BankResult Run(string description, string folder, int threads, bool largestOnly)
    {
        FreshProcess.Run("bank-model", description, folder);
        RandomModelSpec spec = RandomModelSpec.Read(description);
        QuantizableWeight[] weights =
        [
            .. spec
                .Tensors.Where(tensor =>
                    tensor.Kind is "Linear" or "Conv2d"
                    && tensor.Info.Name.EndsWith(".weight", StringComparison.Ordinal)
                )
                .Select(tensor => new QuantizableWeight(
                    tensor.Info.Name[..^".weight".Length],
                    tensor.Kind == "Linear" ? WeightOperator.Linear : WeightOperator.Conv2d,
                    tensor.Info.Shape,
                    tensor.Info.Name,
                    0,
                    tensor.Info.Shape[1]
                )),
        ];
        if (largestOnly)
            weights = [weights.MaxBy(weight => weight.ElementCount)!];
        using Process process = Process.GetCurrentProcess();
        using ShardedTensors source = ShardedTensors.Open(Path.Combine(folder, "model"));
        TimeSpan before = process.TotalProcessorTime;
        long start = Stopwatch.GetTimestamp();
        QuantizerBankBuilder.Build(source, weights, Path.Combine(folder, "bank"), new BankOptions(threads));
        TimeSpan wall = Stopwatch.GetElapsedTime(start);
        process.Refresh();
        TimeSpan processor = process.TotalProcessorTime - before;
        long bytes = new DirectoryInfo(Path.Combine(folder, "bank")).EnumerateFiles().Sum(file => file.Length);
        return new BankResult(
            Path.GetFileNameWithoutExtension(description),
            weights.Length,
            weights.Sum(weight => weight.ElementCount),
            threads,
            Math.Round(wall.TotalSeconds, 2),
            Math.Round(processor.TotalSeconds, 2),
            process.PeakWorkingSet64 / (1 << 20),
            bytes / (1 << 20)
        );
    }

    /// <summary>Writes the random weights, unless they are there.</summary>
    internal static void WriteModel(string description, string folder)
    {
        string model = Path.Combine(folder, "model");
        if (!Directory.Exists(model))
            RandomModelWriter.Write(RandomModelSpec.Read(description), model);
    }
}

/// <summary>What making a bank of all six options took.</summary>
/// <param name="Model">The description's name.</param>
/// <param name="Weights">Weights.</param>
/// <param name="Values">Their values.</param>
/// <param name="Threads">Threads.</param>
/// <param name="WallSeconds">Wall time, without writing the random weights.</param>
/// <param name="ProcessorSeconds">Processor time of all threads.</param>
/// <param name="PeakMebibytes">Largest resident memory.</param>
/// <param name="BankMebibytes">Size of the bank.</param>
internal sealed record BankResult(
    string Model,
    int Weights,
    long Values,
    int Threads,
    double WallSeconds,
    double ProcessorSeconds,
    long PeakMebibytes,
    long BankMebibytes
);
