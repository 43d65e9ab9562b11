using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text.Json;
using Qua2SeDiMo.Numerics;
using Qua2SeDiMo.Predictors.Data;
using Qua2SeDiMo.Predictors.Import;
using Qua2SeDiMo.Predictors.Training;
using Qua2SeDiMo.Storage;

namespace Qua2SeDiMo.Benchmarks;

/// <summary>
/// Measures an epoch of the predictor on the simulated study (fold 0, 400 training trials, batches of at most 128), and
/// compares its dense layers with plain matrix products. These run between the epochs, under the same state of the
/// machine.
/// </summary>
internal static class PredictorBenchmark
{
    private const int WarmEpochs = 5,
        MeasuredEpochs = 60;
    private static readonly JsonSerializerOptions Json = new()
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
    };

    internal static void Run(string study, string? result, int threads)
    {
        TrainingSet parsed = ExternalStudy.Parse(
            File.ReadAllText(Path.Combine(study, "dag.json")),
            File.ReadAllText(Path.Combine(study, "trials.csv"))
        );
        int[] training = [.. Enumerable.Range(0, parsed.Trials.Count).Except(parsed.Folds![0])];
        var rows = new StudyRows(parsed);
        var options = new PredictorOptions { Epochs = WarmEpochs + MeasuredEpochs, Threads = threads };
        using var products = new ProductPeers(threads);
        using var layers = new DensePeer(parsed, rows, training, options);
        Timer epoch = new(),
            dense = new(),
            kernel = new(),
            runtime = new();
        long allocated = 0;
        using Predictor predictor = PredictorTrainer.Train(
            parsed,
            rows,
            training,
            options,
            (_, done, _, _) =>
            {
                if (done > WarmEpochs)
                {
                    epoch.Stop();
                    allocated = GC.GetTotalAllocatedBytes() - allocated;
                    (Timer timer, Action peer) = (done % 4) switch
                    {
                        0 => (kernel, (Action)products.Kernel),
                        2 => (runtime, products.Runtime),
                        _ => (dense, layers.Run),
                    };
                    timer.Start();
                    peer();
                    timer.Stop();
                }
                if (done < WarmEpochs || done == WarmEpochs + MeasuredEpochs)
                    return;
                allocated = GC.GetTotalAllocatedBytes();
                epoch.Start();
            }
        );
        double work = layers.Operations / 1e9,
            product = ProductPeers.Operations / 1e9;
        var report = new
        {
            Study = "golden/predictor/study, fold 0",
            TrainingTrials = training.Length,
            StepsPerEpoch = options.StepsPerEpoch(training.Length),
            Threads = threads,
            Processors = Environment.ProcessorCount,
            Runtime = RuntimeInformation.FrameworkDescription,
            Kernel = MatrixProduct.Variant,
            Epochs = MeasuredEpochs,
            EpochSeconds = epoch.Wall,
            EpochProcessorSeconds = epoch.Processor,
            AllocatedBytesInLastEpoch = allocated,
            DenseGflopPerEpoch = Math.Round(work, 3),
            DenseShareOfEpochProcessorTime = Math.Round(dense.Processor.Median / epoch.Processor.Median, 3),
            GflopPerSecond = new
            {
                WholeEpoch = Math.Round(work / epoch.Wall.Median, 1),
                DenseAlone = Math.Round(work / dense.Wall.Median, 1),
                LargeProductOwnKernel = Math.Round(product / kernel.Wall.Median, 1),
                LargeProductOnnxRuntime = Math.Round(product / runtime.Wall.Median, 1),
            },
            GflopPerProcessorSecond = new
            {
                WholeEpoch = Math.Round(work / epoch.Processor.Median, 1),
                DenseAlone = Math.Round(work / dense.Processor.Median, 1),
                LargeProductOwnKernel = Math.Round(product / kernel.Processor.Median, 1),
                LargeProductOnnxRuntime = Math.Round(product / runtime.Processor.Median, 1),
            },
            Product = $"{ProductPeers.Rows} x {ProductPeers.Inner} times {ProductPeers.Inner} x {ProductPeers.Columns}, single precision",
        };
        string text = JsonSerializer.Serialize(report, Json);
        if (result is not null)
            AtomicFile.WriteText(result, text + "\n");
        Console.WriteLine(text);
    }

    /// <summary>Median, smallest value and quartiles, in seconds.</summary>
    private sealed record Spread(double Median, double Least, double LowerQuartile, double UpperQuartile)
    {
        internal static Spread Of(List<double> values)
        {
            double[] sorted = [.. values.Order().Select(value => Math.Round(value, 5))];
            return new Spread(
                sorted[sorted.Length / 2],
                sorted[0],
                sorted[sorted.Length / 4],
                sorted[sorted.Length * 3 / 4]
            );
        }
    }

    private sealed class Timer
    {
        private readonly Process process = Process.GetCurrentProcess();
        private readonly List<double> walls = [],
            processors = [];
        private TimeSpan before;
        private long start;

        internal Spread Wall => Spread.Of(walls);

        internal Spread Processor => Spread.Of(processors);

        internal void Start()
        {
            process.Refresh();
            before = process.TotalProcessorTime;
            start = Stopwatch.GetTimestamp();
        }

        internal void Stop()
        {
            walls.Add(Stopwatch.GetElapsedTime(start).TotalSeconds);
            process.Refresh();
            processors.Add((process.TotalProcessorTime - before).TotalSeconds);
        }
    }
}
