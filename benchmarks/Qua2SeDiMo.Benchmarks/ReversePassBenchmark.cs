using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Qua2SeDiMo.Gradients;
using Qua2SeDiMo.Graphs.Ir;
using Qua2SeDiMo.Inference;
using Qua2SeDiMo.Measurement;
using Qua2SeDiMo.Numerics;
using Qua2SeDiMo.Pipelines;
using Qua2SeDiMo.Quantizers.Bank;
using Qua2SeDiMo.Runs;
using Qua2SeDiMo.Stages;

namespace Qua2SeDiMo.Benchmarks;

/// <summary>A call beside a reverse pass with one cotangent, medians of turns in one process.</summary>
/// <param name="Parts">Parts that the reverse pass is run in.</param>
/// <param name="CallSeconds">Wall time of a call.</param>
/// <param name="StateSeconds">Wall time of a reverse pass; the products with the options are not in it.</param>
/// <param name="CallProcessorSeconds">Processor time of a call.</param>
/// <param name="StateProcessorSeconds">Processor time of a reverse pass.</param>
internal sealed record ReversePassTurns(
    int Parts,
    double CallSeconds,
    double StateSeconds,
    double CallProcessorSeconds,
    double StateProcessorSeconds
);

/// <summary>Several states with the products of all weights with all options, in a process of its own.</summary>
/// <param name="Seconds">Wall time.</param>
/// <param name="ProcessorSeconds">Processor time.</param>
/// <param name="ProductSeconds">Wall time of reading options and multiplying by them.</param>
/// <param name="PeakBytes">Largest resident memory of the process.</param>
internal sealed record ReversePassStates(
    double Seconds,
    double ProcessorSeconds,
    double ProductSeconds,
    long PeakBytes
);

/// <summary>One line of the results.</summary>
/// <param name="Model">Pipeline or description.</param>
/// <param name="Latents">Height and width of the latents.</param>
/// <param name="Rows">Rows of a call: a state with guidance is two.</param>
/// <param name="Weights">Quantizable weights.</param>
/// <param name="Values">Their values.</param>
/// <param name="Parts">Parts that the reverse pass is run in.</param>
/// <param name="CallProcessorSeconds">Median processor time of a call.</param>
/// <param name="StateProcessorSeconds">Median processor time of a reverse pass with one cotangent.</param>
/// <param name="WallRatio">Calls that a reverse pass costs, by wall time.</param>
/// <param name="ProcessorRatio">The same by processor time.</param>
/// <param name="States">States that followed one another in a process of its own, with the products of all weights with
/// all options.</param>
/// <param name="StatesSeconds">Their wall time.</param>
/// <param name="StatesProcessorSeconds">Their processor time.</param>
/// <param name="ProductSeconds">Wall time of reading options and multiplying by them, of <c>StatesSeconds</c>.</param>
/// <param name="PeakMebibytes">Largest resident memory of that process.</param>
internal sealed record ReversePassRow(
    string Model,
    int Latents,
    int Rows,
    int Weights,
    long Values,
    int Parts,
    double CallProcessorSeconds,
    double StateProcessorSeconds,
    double WallRatio,
    double ProcessorRatio,
    int States,
    double StatesSeconds,
    double StatesProcessorSeconds,
    double ProductSeconds,
    long PeakMebibytes
);

/// <summary>
/// What a state with one cotangent costs beside a call of the denoiser, and the time and memory of several states with
/// all weights under all options: random inputs, weights of a pipeline's folder or random ones of a description.
/// </summary>
internal static class ReversePassBenchmark
{
    private const int DefaultRows = 2,
        DefaultStates = 8,
        Turns = 3,
        Latents = 64,
        ImageTokens = 77;

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web);

    /// <summary>Makes what is missing in the work folder, measures in fresh processes and writes the results.</summary>
    /// <param name="output">JSON file.</param>
    /// <param name="work">Folder for weights and banks; kept, so that a second call measures only.</param>
    /// <param name="models">Pipeline folders, or descriptions of released denoisers (JSON); each may end in
    /// <c>:ROWS</c> or <c>:ROWS:STATES</c>, the rows of a call (default 2) and the states (default 8).</param>
    internal static void Run(string output, string work, string[] models)
    {
        var rows = new List<ReversePassRow>();
        foreach (string given in models)
        {
            string[] settings = given.Split(':');
            string path = settings[0],
                batch = settings.ElementAtOrDefault(1) ?? DefaultRows.ToString(CultureInfo.InvariantCulture),
                count = settings.ElementAtOrDefault(2) ?? DefaultStates.ToString(CultureInfo.InvariantCulture);
            string name = Path.GetFileNameWithoutExtension(path);
            string folder = path.EndsWith(".json", StringComparison.Ordinal)
                ? EndToEndBenchmark.MakeFullSize(path, work)
                : path;
            string run = Path.Combine(work, name, "run");
            if (!Directory.Exists(run))
                FreshProcess.Run("reverse-pass-bank", folder, run);
            ReversePassTurns turns = Read<ReversePassTurns>("reverse-pass-turns", folder, batch);
            ReversePassStates states = Read<ReversePassStates>("reverse-pass-states", folder, batch, run, count);
            using OpenModel model = OpenModel.Open(folder);
            var row = new ReversePassRow(
                name,
                SizeOf(model),
                int.Parse(batch, CultureInfo.InvariantCulture),
                model.Weights.Count,
                model.Weights.Sum(weight => weight.ElementCount),
                turns.Parts,
                Math.Round(turns.CallProcessorSeconds, 3),
                Math.Round(turns.StateProcessorSeconds, 3),
                Math.Round(turns.StateSeconds / turns.CallSeconds, 2),
                Math.Round(turns.StateProcessorSeconds / turns.CallProcessorSeconds, 2),
                int.Parse(count, CultureInfo.InvariantCulture),
                Math.Round(states.Seconds, 2),
                Math.Round(states.ProcessorSeconds, 2),
                Math.Round(states.ProductSeconds, 2),
                states.PeakBytes / (1 << 20)
            );
            Console.WriteLine(row);
            rows.Add(row);
        }
        ResultFile.Write(output, rows);
    }

    /// <summary>The bank of a folder, in this process.</summary>
    internal static void MakeBank(string folder, string run)
    {
        using OpenModel model = OpenModel.Open(folder);
        BankStage.Run(model, new RunDirectory(run));
    }

    /// <summary>Calls and reverse passes in turns, in this process; the result goes to standard output.</summary>
    internal static void MeasureTurns(string folder, int rows, int turns = Turns)
    {
        using OpenModel model = OpenModel.Open(folder);
        using WeightBinding binding = model.CreateBinding();
        Graph graph = GraphOf(model);
        using var call = new InferenceModel(graph, model.Tensors, binding);
        using ReversePass pass = Pass(model, graph, binding, rows);
        Dictionary<string, TensorValue> inputs = RandomInputs.Of(graph, rows, ImageTokens, seed: 1);
        Dictionary<string, TensorValue> cotangents = Cotangent(graph, call.Run(inputs), seed: 2);
        pass.Run(inputs, cotangents, static (_, _) => { });
        var calls = new List<(double Wall, double Processor)>();
        var states = new List<(double Wall, double Processor)>();
        for (int turn = 0; turn < turns; turn++)
        {
            calls.Add(Timed(() => call.Run(inputs)));
            states.Add(Timed(() => pass.Run(inputs, cotangents, static (_, _) => { })));
        }
        Print(
            new ReversePassTurns(
                pass.PartCount,
                Median(calls, time => time.Wall),
                Median(states, time => time.Wall),
                Median(calls, time => time.Processor),
                Median(states, time => time.Processor)
            )
        );
    }

    /// <summary>States with all products, in this process; the result goes to standard output.</summary>
    internal static void MeasureStates(string folder, int rows, string run, int states)
    {
        using OpenModel model = OpenModel.Open(folder);
        using WeightBinding binding = model.CreateBinding();
        Graph graph = GraphOf(model);
        Dictionary<string, TensorValue> cotangents;
        // A sketch begins with a run of the sampler.
        using (var call = new InferenceModel(graph, model.Tensors, binding))
            cotangents = Cotangent(graph, call.Run(RandomInputs.Of(graph, rows, ImageTokens, seed: 1)), seed: 2);
        using ReversePass pass = Pass(model, graph, binding, rows);
        var changes = new BankChanges(QuantizerBank.Open(new RunDirectory(run).Bank), model.Tensors);
        double total = 0,
            products = 0;
        void Take(GraphWeight weight, ReadOnlySpan<float> gradient)
        {
            long start = Stopwatch.GetTimestamp();
            double[] sums = new double[changes.Options.Count];
            InnerProducts.Add(gradient, changes.Of(weight), sums);
            total += sums.Sum(sum => sum * sum);
            products += Stopwatch.GetElapsedTime(start).TotalSeconds;
        }
        (double wall, double processor) = Timed(() =>
        {
            for (int state = 0; state < states; state++)
                pass.Run(RandomInputs.Of(graph, rows, ImageTokens, seed: 3 + (ulong)state), cotangents, Take);
        });
        if (!double.IsFinite(total) || total == 0)
            throw new InvalidOperationException($"{folder}: the sum of all squares is {total}.");
        using Process process = Process.GetCurrentProcess();
        Print(new ReversePassStates(wall, processor, products, process.PeakWorkingSet64));
    }

    private static Graph GraphOf(OpenModel model)
    {
        int size = SizeOf(model);
        return model.Parts(new InferenceOptions()).DenoiserGraph(size, size);
    }

    // Released models at latents of 64 × 64, whatever size they were trained for.
    private static int SizeOf(OpenModel model) =>
        Math.Min(Latents, model.Folder.Denoiser.ReadConfig().Int("sample_size", Latents));

    // All rows are one item: the halves of guidance.
    private static ReversePass Pass(OpenModel model, Graph graph, WeightBinding binding, int rows) =>
        new(graph, model.Tensors, binding, [graph.Outputs[0].Name], new ReverseOptions { Batch = rows });

    private static Dictionary<string, TensorValue> Cotangent(
        Graph graph,
        IReadOnlyDictionary<string, TensorValue> results,
        ulong seed
    )
    {
        TensorValue predicted = results[graph.Outputs[0].Name];
        float[] values = RandomInputs.Normal(predicted.Singles.Length, new Pcg32(seed));
        return new Dictionary<string, TensorValue>(StringComparer.Ordinal)
        {
            [graph.Outputs[0].Name] = TensorValue.Of(values, predicted.Shape),
        };
    }

    private static (double Wall, double Processor) Timed(Action work)
    {
        using Process process = Process.GetCurrentProcess();
        TimeSpan before = process.TotalProcessorTime;
        long start = Stopwatch.GetTimestamp();
        work();
        double wall = Stopwatch.GetElapsedTime(start).TotalSeconds;
        process.Refresh();
        return (wall, (process.TotalProcessorTime - before).TotalSeconds);
    }

    private static double Median<T>(List<T> times, Func<T, double> value) =>
        times.Select(value).Order().ElementAt(times.Count / 2);

    private static void Print<T>(T result) => Console.WriteLine(JsonSerializer.Serialize(result, Json));

    private static T Read<T>(params string[] arguments) =>
        JsonSerializer.Deserialize<T>(FreshProcess.Run(arguments), Json)!;
}
