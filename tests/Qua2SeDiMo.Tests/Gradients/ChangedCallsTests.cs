using Qua2SeDiMo.Architectures;
using Qua2SeDiMo.Gradients;
using Qua2SeDiMo.Graphs.Ir;
using Qua2SeDiMo.Graphs.Onnx;
using Qua2SeDiMo.Inference;
using Qua2SeDiMo.Kernels.Codes;
using Qua2SeDiMo.Models;
using Qua2SeDiMo.Numerics;
using Qua2SeDiMo.Quantizers.Palettes;
using Qua2SeDiMo.Verification;
using Xunit;
using Xunit.Abstractions;

namespace Qua2SeDiMo.Tests.Gradients;

public sealed class ChangedCallsTests(ITestOutputHelper output)
{
    private const int Parts = 16;

    // The runtime merges operators on both sides of a cut in the whole graph.
    private const double Tolerance = 3e-6;
    private const int Changes = 12;

    // With split weights (skips, shortcuts), tied ones (dit), half precision, and joint attention.
    [Theory]
    [InlineData("pixart-sigma")]
    [InlineData("pixart-sigma-fp16")]
    [InlineData("unet-sd15")]
    [InlineData("hunyuan-dit-v1.2")]
    [InlineData("dit")]
    [InlineData("sd35-qknorm-dual")]
    public void A_call_with_one_weight_changed_is_that_of_the_whole_graph(string name)
    {
        using ArchitectureCase given = ArchitectureCase.Open(RepositoryFiles.Golden($"architectures/{name}"));
        Graph graph = given.Build(GraphPart.Forward);
        Check(graph, given.Weights, given.Bind(graph));
    }

    [Theory]
    [InlineData("dit.dynamo")]
    [InlineData("unet-sdxl.dynamo")]
    public void So_it_is_for_exported_programs(string export)
    {
        string file = Directory
            .EnumerateFiles(RepositoryFiles.Golden($"onnx-exports/{export}"), "model.onnx", SearchOption.AllDirectories)
            .Single();
        using OnnxModel model = OnnxReader.Read(file);
        var random = new Pcg32(3);
        Check(
            model.Graph,
            model.Tensors,
            model.Graph.Inputs.ToDictionary(input => input.Name, input => Random(input, random))
        );
    }

    private void Check(Graph graph, ITensorSource tensors, IReadOnlyDictionary<string, TensorValue> inputs)
    {
        string name = graph.Outputs[0].Name;
        using var binding = new WeightBinding(graph.Weights, tensors);
        using var whole = new InferenceModel(graph.WithOutputs(name), tensors, binding);
        using var calls = new ChangedCalls(graph, tensors, binding, name, Parts);
        double furthest = Distance(whole.Run(inputs)[name].Singles, calls.Start(inputs).Singles);
        Assert.InRange(calls.PartCount, Parts / 2, 2 * Parts);
        int before = calls.PartsRun;
        var random = new Pcg32(5);
        GraphWeight[] changed =
        [
            .. graph.Weights.Where((weight, i) => i % (graph.Weights.Count / Changes) == 0 || weight.Weight.IsPart),
        ];
        foreach (GraphWeight weight in changed)
        {
            float[] values = WeightMatrix.Read(tensors, weight.Weight).Values.ToArray();
            for (int i = 0; i < values.Length; i++)
                values[i] *= 1 + (0.1f * (float)random.NextNormal());
            binding.Set(weight.Weight.Name, values);
            furthest = Math.Max(
                furthest,
                Distance(whole.Run(inputs)[name].Singles, calls.With(weight.Weight.Name).Singles)
            );
            binding.Reset(weight.Weight.Name);
        }
        double share = (double)(calls.PartsRun - before) / (changed.Length * calls.PartCount);
        output.WriteLine(
            FormattableString.Invariant($"{calls.PartCount} parts, {share:0.00} of them run, {furthest:0.0e+0} away")
        );
        Assert.InRange(furthest, 0, Tolerance);
        Assert.InRange(share, 0, 0.8);
        Assert.Equal(0, Distance(calls.Start(inputs).Singles, calls.Start(inputs).Singles));
    }

    private static TensorValue Random(GraphValue input, Pcg32 random)
    {
        long[] shape = [.. input.Shape.Select(extent => extent.Size)];
        long count = shape.Aggregate(1L, (product, extent) => product * extent);
        return input.Type == ElementType.Int64
            ? TensorValue.Of([.. Enumerable.Repeat(1L, (int)count)], shape)
            : TensorValue.Of([.. Enumerable.Range(0, (int)count).Select(_ => (float)random.NextNormal())], shape);
    }

    // Root of the squared difference, over the size of what is expected.
    private static double Distance(float[] expected, float[] actual)
    {
        double off = expected.Zip(actual, (a, b) => ((double)a - b) * ((double)a - b)).Sum(),
            size = expected.Sum(value => (double)value * value);
        return Math.Sqrt(off / size);
    }
}
