using System.Diagnostics;
using Qua2SeDiMo.Graphs.Ir;
using Qua2SeDiMo.Models;
using Qua2SeDiMo.Quantizers.Bank;

namespace Qua2SeDiMo.Benchmarks;

/// <summary>Measures making the bank of a released model at full size, from its description and random
/// weights.</summary>
internal static class BankBenchmark
{
    /// <summary>Writes random weights in a separate process, then makes the bank in this one.</summary>
    /// <param name="description">Description of a released denoiser (JSON).</param>
    /// <param name="folder">Folder for weights and bank, which is kept.</param>
    /// <param name="threads">Number of threads; 0 for one per processor.</param>
    /// <param name="largestOnly">Whether to quantize only the weight with the most values.</param>
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

    /// <summary>Writes the random weights, unless they exist.</summary>
    internal static void WriteModel(string description, string folder)
    {
        string model = Path.Combine(folder, "model");
        if (!Directory.Exists(model))
            RandomModelWriter.Write(RandomModelSpec.Read(description), model);
    }
}

/// <summary>Cost of making a bank of all six options.</summary>
/// <param name="Model">Name of the description.</param>
/// <param name="Weights">Number of weights.</param>
/// <param name="Values">Number of their values.</param>
/// <param name="Threads">Number of threads.</param>
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
