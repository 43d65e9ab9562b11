using System.Diagnostics;
using Qua2SeDiMo.Gradients;
using Qua2SeDiMo.Inference;
using Qua2SeDiMo.Pipelines;

namespace Qua2SeDiMo.Benchmarks;

/// <summary>One line of the results.</summary>
/// <param name="Model">Pipeline.</param>
/// <param name="Weights">Weights; each is changed once.</param>
/// <param name="Parts">Parts that the graph was cut into.</param>
/// <param name="PartsRun">Parts that ran, over those of as many whole calls.</param>
/// <param name="WholeSeconds">Wall time of whole calls.</param>
/// <param name="ReusedSeconds">Wall time where what lies before the weight is reused; the call that it starts from is in
/// it.</param>
/// <param name="Speedup">Median of the turns.</param>
internal sealed record OneCallRow(
    string Model,
    int Weights,
    int Parts,
    double PartsRun,
    double WholeSeconds,
    double ReusedSeconds,
    double Speedup
);

/// <summary>One-call probes of all weights, by whole calls and with reuse of what lies before the changed weight, in
/// turns in one process.</summary>
internal static class OneCallBenchmark
{
    private const int Rows = 2,
        Turns = 5,
        TextTokens = 77;

    /// <summary>Measures each pipeline at one random state and writes the results.</summary>
    internal static void Run(string output, string[] models)
    {
        var rows = new List<OneCallRow>();
        foreach (string folder in models)
        {
            OneCallRow row = Of(folder);
            Console.WriteLine(row);
            rows.Add(row);
        }
        ResultFile.Write(output, rows);
    }

    private static OneCallRow Of(string folder)
    {
        using OpenModel model = OpenModel.Open(folder);
        using WeightBinding binding = model.CreateBinding();
        string[] names = [.. model.Weights.Select(weight => weight.Name)];
        string output = model.Graph.Outputs[0].Name;
        Dictionary<string, TensorValue> inputs = RandomInputs.Of(model.Graph, Rows, TextTokens, seed: 1);
        using var whole = new InferenceModel(model.Graph.WithOutputs(output), model.Tensors, binding);
        using var parts = new ChangedCalls(model.Graph, model.Tensors, binding, output);
        void Whole(string name) => whole.Run(inputs);
        void Part(string name) => parts.With(name);
        Whole("");
        parts.Start(inputs);
        double[] wholes = new double[Turns],
            reused = new double[Turns];
        int before = parts.PartsRun;
        for (int turn = 0; turn < Turns; turn++)
        {
            wholes[turn] = Seconds(names, Whole);
            long start = Stopwatch.GetTimestamp();
            parts.Start(inputs);
            reused[turn] = Stopwatch.GetElapsedTime(start).TotalSeconds + Seconds(names, Part);
        }
        double share = (double)(parts.PartsRun - before) / (Turns * names.Length * parts.PartCount);
        double[] speedups = [.. wholes.Zip(reused, (all, some) => all / some).Order()];
        return new OneCallRow(
            Path.GetFileName(folder),
            names.Length,
            parts.PartCount,
            Math.Round(share, 3),
            Math.Round(wholes.Order().ElementAt(Turns / 2), 3),
            Math.Round(reused.Order().ElementAt(Turns / 2), 3),
            Math.Round(speedups[Turns / 2], 2)
        );
    }

    private static double Seconds(string[] names, Action<string> call)
    {
        long start = Stopwatch.GetTimestamp();
        foreach (string name in names)
            call(name);
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }
}
