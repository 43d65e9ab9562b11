using System.Runtime.InteropServices;
using Qua2SeDiMo.Gradients;
using Qua2SeDiMo.Graphs.Ir;
using Qua2SeDiMo.Inference;
using Qua2SeDiMo.Kernels.Codes;
using Qua2SeDiMo.Numerics;
using Xunit;

namespace Qua2SeDiMo.Tests.Gradients;

/// <summary>Compares the backward graph of a one-node graph with central differences of its forward pass, along random
/// directions.</summary>
internal sealed class GradientCheck(string opType, string domain = "")
{
    // In single precision with a step of 0.01, differences are accurate to about 1e-3 of the change.
    private const float Step = 1e-2f;
    private const double Allowed = 4e-3;

    private readonly List<string> operands = [];
    private readonly List<GraphAttribute> attributes = [];
    private readonly List<Initializer> constants = [];
    private readonly Dictionary<string, TensorValue> given = new(StringComparer.Ordinal);
    private int results = 1,
        integers;

    /// <summary>Adds an operand whose gradient is checked: normal numbers, mapped by a function.</summary>
    internal GradientCheck Operand(long[] shape, Func<float, float>? map = null)
    {
        var random = new Pcg32((ulong)(17 + operands.Count));
        float[] values = new float[shape.Aggregate(1L, (product, extent) => product * extent)];
        for (int i = 0; i < values.Length; i++)
            values[i] = (map ?? (x => x))((float)random.NextNormal());
        string name = $"x{operands.Count}";
        operands.Add(name);
        given.Add(name, TensorValue.Of(values, shape));
        return this;
    }

    internal GradientCheck Numbers(long[] values, params long[] shape) =>
        Constant(ElementType.Int64, MemoryMarshal.AsBytes(values.AsSpan()).ToArray(), shape);

    internal GradientCheck List(params long[] values) => Numbers(values, values.Length);

    internal GradientCheck Singles(params float[] values) =>
        Constant(ElementType.Float32, MemoryMarshal.AsBytes(values.AsSpan()).ToArray(), [values.Length]);

    internal GradientCheck Scalar(float value) =>
        Constant(ElementType.Float32, MemoryMarshal.AsBytes([value]).ToArray(), []);

    internal GradientCheck Truths(byte[] values, params long[] shape) => Constant(ElementType.Bool, values, shape);

    internal GradientCheck LeftOut()
    {
        operands.Add("");
        return this;
    }

    internal GradientCheck With(string name, long value) => With(new GraphAttribute.Whole(name, value));

    internal GradientCheck With(string name, float value) => With(new GraphAttribute.Real(name, value));

    internal GradientCheck With(string name, string value) => With(new GraphAttribute.Text(name, value));

    internal GradientCheck WithList(string name, params long[] values) => With(new GraphAttribute.Wholes(name, values));

    internal GradientCheck Results(int count)
    {
        results = count;
        return this;
    }

    /// <summary>Sets the number of integer results of the node, which follow the others.</summary>
    internal GradientCheck Integers(int count)
    {
        integers = count;
        return this;
    }

    /// <summary>Runs forward, backward, and forward again one step to either side.</summary>
    internal void Run(string title)
    {
        string[] outputs = [.. Enumerable.Range(0, results).Select(i => $"y{i}")];
        var node = new GraphNode(
            "node",
            opType,
            domain,
            operands,
            [.. outputs, .. Enumerable.Range(0, integers).Select(i => $"n{i}")],
            attributes,
            ""
        );
        GraphValue[] inputs =
        [
            .. given.Select(pair => new GraphValue(
                pair.Key,
                ElementType.Float32,
                [.. pair.Value.Shape.Select(extent => new Dimension(extent))]
            )),
        ];
        GraphValue[] declared = [.. outputs.Select(output => new GraphValue(output, ElementType.Float32, ["unknown"]))];
        var values = inputs
            .Concat(constants.Select(constant => constant.Value))
            .ToDictionary(value => value.Name, StringComparer.Ordinal);
        // Extents of results are not declared, so that they must be inferred.
        var graph = new Graph(title, inputs, declared, [node], constants, [], values);
        using var tensors = new MemoryTensors();
        ShapedGraph shaped = ShapedGraph.Of(graph, tensors, given);
        using var backward = new InferenceModel(BackwardPass.Build(shaped, tensors, outputs, [.. given.Keys]), tensors);
        using var forward = new InferenceModel(
            new Graph(
                title,
                inputs,
                [.. outputs.Select(output => shaped.Values[output])],
                [node],
                constants,
                [],
                shaped.Values
            ),
            tensors
        );
        var all = new Dictionary<string, TensorValue>(given, StringComparer.Ordinal);
        var random = new Pcg32(99);
        foreach (string output in outputs)
        {
            long[] shape = [.. shaped.Values[output].Shape.Select(extent => extent.Size)];
            all[BackwardPass.CotangentOf(output)] = TensorValue.Of(
                Normal(random, shape.Aggregate(1L, (product, extent) => product * extent)),
                shape
            );
        }
        IReadOnlyDictionary<string, TensorValue> gradients = backward.Run(all);
        foreach ((string name, TensorValue value) in given)
        {
            float[] gradient = gradients[BackwardPass.GradientIn(name)].Singles,
                direction = Normal(random, value.Singles.Length);
            double expected =
                (
                    Moved(forward, all, outputs, name, direction, Step)
                    - Moved(forward, all, outputs, name, direction, -Step)
                ) / (2 * Step);
            double actual = gradient.Zip(direction, (g, d) => (double)g * d).Sum();
            double scale =
                Math.Sqrt(gradient.Sum(g => (double)g * g)) * Math.Sqrt(direction.Sum(d => (double)d * d)) + 1e-3;
            Assert.True(
                Math.Abs(actual - expected) <= Allowed * scale,
                $"{title}, {name}: {actual:G6} instead of {expected:G6} (scale {scale:G3})"
            );
        }
    }

    private static double Moved(
        InferenceModel forward,
        Dictionary<string, TensorValue> all,
        string[] outputs,
        string name,
        float[] direction,
        float step
    )
    {
        var moved = new Dictionary<string, TensorValue>(all, StringComparer.Ordinal)
        {
            [name] = TensorValue.Of([.. all[name].Singles.Zip(direction, (x, d) => x + (step * d))], all[name].Shape),
        };
        IReadOnlyDictionary<string, TensorValue> values = forward.Run(moved);
        return outputs.Sum(output =>
            values[output].Singles.Zip(all[BackwardPass.CotangentOf(output)].Singles, (y, v) => (double)y * v).Sum()
        );
    }

    private static float[] Normal(Pcg32 random, long count)
    {
        float[] values = new float[count];
        for (int i = 0; i < values.Length; i++)
            values[i] = (float)random.NextNormal();
        return values;
    }

    private GradientCheck Constant(ElementType type, byte[] bytes, long[] shape)
    {
        string name = $"c{operands.Count}";
        constants.Add(new Initializer.Inline(name, type, shape, bytes));
        operands.Add(name);
        return this;
    }

    private GradientCheck With(GraphAttribute attribute)
    {
        attributes.Add(attribute);
        return this;
    }
}
