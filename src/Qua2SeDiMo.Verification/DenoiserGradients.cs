using System.Text.Json;
using Qua2SeDiMo.Architectures;
using Qua2SeDiMo.Gradients;
using Qua2SeDiMo.Graphs.Ir;
using Qua2SeDiMo.Inference;
using Qua2SeDiMo.Models;

namespace Qua2SeDiMo.Verification;

/// <summary>Checks gradients of one denoiser case: those of inputs, and for every weight also their product with a
/// rounding of the weight's rows to eight levels.</summary>
/// <param name="name">Name of the case.</param>
/// <param name="model">Model and arguments of the call.</param>
/// <param name="stored">Cotangent and gradients.</param>
/// <param name="results">Receives the results.</param>
internal sealed class DenoiserGradients(
    string name,
    ArchitectureCase model,
    SafetensorsFile stored,
    List<VerificationResult> results
)
{
    private const int Levels = 7;

    // Gradients of whole weights [items, out, in, …], with the parts of split weights joined.
    private readonly Dictionary<string, double[]> gradients = new(StringComparer.Ordinal);

    internal void Run(JsonElement inputs, JsonElement weights)
    {
        Graph graph = model.Build(GraphPart.Forward);
        Dictionary<string, TensorValue> given = model.Bind(graph);
        string output = graph
            .Outputs.Select(value => value.Name)
            .First(value => ArchitectureCase.PublicName(value) == "sample");
        // Entries of dictionary arguments are graph inputs named by their key.
        static string InputOf(JsonElement input) => input.GetProperty("name").GetString()!.Split('.')[^1];
        string[] wanted = [.. inputs.EnumerateArray().Select(InputOf)];
        long items = stored.Tensors["cotangent"].Shape[0];
        using var binding = new WeightBinding(graph.Weights, model.Weights);
        using var pass = new ReversePass(
            graph,
            model.Weights,
            binding,
            [output],
            new ReverseOptions
            {
                Inputs = wanted,
                Batch = items,
                Items = items,
            }
        );
        TensorValue cotangent = TensorValue.Of(stored.ReadSingle("cotangent"), stored.Tensors["cotangent"].Shape);
        IReadOnlyDictionary<string, TensorValue> pulled = pass.Run(
            given,
            new Dictionary<string, TensorValue>(StringComparer.Ordinal) { [output] = cotangent },
            (weight, gradient) => Add(weight.Weight, gradient, items)
        );
        AddOthers(
            graph,
            given,
            output,
            cotangent,
            [.. weights.EnumerateArray().Select(weight => weight.GetProperty("name").GetString()!)]
        );
        foreach (JsonElement input in inputs.EnumerateArray())
        {
            string inputName = input.GetProperty("name").GetString()!;
            results.Add(
                Comparison.OfNorm(
                    name,
                    inputName,
                    stored.ReadSingle($"grad.{inputName}"),
                    pulled[InputOf(input)].Singles,
                    input.GetProperty("tolerance").GetDouble()
                )
            );
        }
        foreach (JsonElement weight in weights.EnumerateArray())
            Compare(weight, graph, checked((int)items));
    }

    private void Add(QuantizableWeight weight, ReadOnlySpan<float> gradient, long items)
    {
        string module = QuantizableWeight.WholeOf(weight.Name);
        long perInput = weight.ElementCount / (weight.Shape[0] * weight.Shape[1]),
            row = weight.TensorInputs * perInput,
            part = weight.RowLength;
        if (!gradients.TryGetValue(module, out double[]? whole))
            gradients.Add(module, whole = new double[items * weight.Shape[0] * row]);
        for (long i = 0; i < items * weight.Shape[0]; i++)
        {
            for (long k = 0; k < part; k++)
                whole[(i * row) + (weight.InputStart * perInput) + k] += gradient[(int)((i * part) + k)];
        }
    }

    // Matrices that are not quantizable weights are plain initializers of the graph; their gradients are computed item
    // by item.
    private void AddOthers(
        Graph graph,
        Dictionary<string, TensorValue> given,
        string output,
        TensorValue cotangent,
        string[] modules
    )
    {
        string[] others =
        [
            .. modules.Where(module =>
                !gradients.ContainsKey(module)
                && graph.Initializers.Any(initializer => initializer.Name == $"{module}.weight")
            ),
        ];
        if (others.Length == 0)
            return;
        Graph backward = BackwardPass.Build(
            ShapedGraph.Of(graph, model.Weights, given),
            model.Weights,
            [output],
            [.. others.Select(module => $"{module}.weight")]
        );
        using var session = new InferenceModel(backward, model.Weights);
        int items = (int)cotangent.Shape[0],
            perItem = cotangent.Singles.Length / items;
        for (int item = 0; item < items; item++)
        {
            float[] own = new float[cotangent.Singles.Length];
            cotangent.Singles.AsSpan(item * perItem, perItem).CopyTo(own.AsSpan(item * perItem));
            given[BackwardPass.CotangentOf(output)] = TensorValue.Of(own, cotangent.Shape);
            IReadOnlyDictionary<string, TensorValue> pulled = session.Run(given);
            foreach (string module in others)
            {
                float[] gradient = pulled[BackwardPass.GradientIn($"{module}.weight")].Singles;
                if (!gradients.TryGetValue(module, out double[]? whole))
                    gradients.Add(module, whole = new double[(long)items * gradient.Length]);
                for (int k = 0; k < gradient.Length; k++)
                    whole[(item * gradient.Length) + k] = gradient[k];
            }
        }
    }

    private void Compare(JsonElement expected, Graph graph, int items)
    {
        string module = expected.GetProperty("name").GetString()!;
        if (!gradients.TryGetValue(module, out double[]? gradient))
        {
            results.Add(Comparison.Failed(name, module, "no such weight in the graph"));
            return;
        }
        double tolerance = expected.GetProperty("tolerance").GetDouble(),
            innerTolerance = expected.GetProperty("inner_tolerance").GetDouble();
        TensorInfo tensor = model.Weights.Tensors[
            graph.Weights.FirstOrDefault(candidate => candidate.Weight.Name == module)?.Weight.TensorName
                ?? $"{module}.weight"
        ];
        float[] values = model.Weights.ReadSingle(tensor.Name);
        int row = checked((int)(values.Length / tensor.Shape[0]));
        double[] difference = Rounding(values, row);
        double[] sum = new double[values.Length],
            inner = new double[items],
            norms = new double[items];
        for (int item = 0; item < items; item++)
        {
            ReadOnlySpan<double> own = gradient.AsSpan(item * values.Length, values.Length);
            double square = 0;
            for (int k = 0; k < own.Length; k++)
            {
                inner[item] += own[k] * difference[k];
                square += own[k] * own[k];
                sum[k] += own[k];
            }
            norms[item] = Math.Sqrt(square);
        }
        results.Add(
            Comparison.Of(
                name,
                $"{module} products",
                JsonArrays.Doubles(expected.GetProperty("inner")),
                inner,
                innerTolerance
            )
        );
        results.Add(
            Comparison.Of(name, $"{module} norms", JsonArrays.Doubles(expected.GetProperty("norms")), norms, tolerance)
        );
        results.Add(
            Comparison.Of(
                name,
                $"{module} norm",
                [expected.GetProperty("norm").GetDouble()],
                [Math.Sqrt(sum.Sum(value => value * value))],
                tolerance
            )
        );
        if (!expected.TryGetProperty("stored_as", out JsonElement place))
            return;
        IEnumerable<int> rows = expected.TryGetProperty("rows", out JsonElement kept)
            ? JsonArrays.Integers(kept)
            : Enumerable.Range(0, (int)tensor.Shape[0]);
        float[] actual = [.. rows.SelectMany(r => sum.Skip(r * row).Take(row)).Select(value => (float)value)];
        results.Add(Comparison.OfNorm(name, module, stored.ReadSingle(place.GetString()!), actual, tolerance));
    }

    // Q(w) − w, where Q rounds each row to eight levels between its extremes, ties to even. The order of operations
    // matters.
    private static double[] Rounding(float[] values, int row)
    {
        double[] difference = new double[values.Length];
        for (int start = 0; start < values.Length; start += row)
        {
            double low = values.Skip(start).Take(row).Min(),
                high = values.Skip(start).Take(row).Max(),
                step = (high - low) / Levels;
            for (int k = start; step != 0 && k < start + row; k++)
            {
                difference[k] =
                    low + (step * Math.Round((values[k] - low) / step, MidpointRounding.ToEven)) - values[k];
            }
        }
        return difference;
    }
}
