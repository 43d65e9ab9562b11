using System.Globalization;
using Qua2SeDiMo.Graphs.Ir;
using Qua2SeDiMo.Kernels.Codes;

namespace Qua2SeDiMo.Graphs.Onnx;

/// <summary>
/// Finds the quantizable weights of an exported model. Before: weights are initializers, possibly behind Transpose,
/// Cast or Identity, used by MatMul, Gemm or Conv. After: each is listed as a weight of the graph and named by its
/// module path; matrices are [in, out]; Gemm becomes MatMul and Add.
/// </summary>
internal static class WeightLifting
{
    private static readonly string[] WeightHolders =
    [
        "Attention",
        "PackedAttention",
        "QAttention",
        "FusedMatMul",
        "FusedGemm",
        "FusedConv",
        "NhwcConv",
        "NhwcFusedConv",
        "GemmFastGelu",
        "GemmFloat8",
        "MatMulNBits",
        "MatMulBnb4",
        "MatMulFpQ4",
        "MatMulIntegerToFloat",
        "DynamicQuantizeMatMul",
        "QLinearConv",
        "QGemm",
        "MoE",
        "QMoE",
    ];

    internal static Graph Apply(Graph graph, OnnxTensors tensors)
    {
        var lifting = new Lifting(graph, tensors);
        return lifting.Run();
    }

    private sealed class Lifting(Graph graph, OnnxTensors tensors)
    {
        private readonly Dictionary<string, GraphNode> makers = graph
            .Nodes.SelectMany(node => node.Outputs.Select(output => (output, node)))
            .Where(pair => pair.output.Length > 0)
            .ToDictionary(pair => pair.output, pair => pair.node, StringComparer.Ordinal);
        private readonly Dictionary<string, Initializer> initializers = graph.Initializers.ToDictionary(
            initializer => initializer.Name,
            StringComparer.Ordinal
        );
        private readonly Dictionary<string, GraphValue> values = new(graph.Values, StringComparer.Ordinal);

        // Key: name of the stored tensor, and whether it is read as [out, in].
        private readonly Dictionary<(string, bool), GraphWeight> lifted = [];
        private readonly HashSet<string> names = new(StringComparer.Ordinal);
        private readonly List<GraphWeight> weights = [];
        private readonly List<GraphNode> nodes = [];
        private string prefix = "";

        internal Graph Run()
        {
            prefix = CommonPrefix();
            foreach (GraphNode node in graph.Nodes)
            {
                GraphNode own = node with { Scope = WithoutPrefix(node.Scope) };
                if (node.Domain.Length > 0)
                    nodes.Add(WithoutOwnWeights(own));
                else if (node.OpType == "MatMul" && TraceMatrix(node.Inputs[1]) is { } right)
                    nodes.Add(
                        own with
                        {
                            Inputs =
                            [
                                node.Inputs[0],
                                Lift(own, right, WeightOperator.Linear, storedOutFirst: right.Transposed),
                            ],
                        }
                    );
                else if (
                    node.OpType == "Gemm"
                    && node.Integer("transA", 0) == 0
                    && TraceMatrix(node.Inputs[1]) is { } matrix
                )
                    AddGemm(own, matrix);
                else if (
                    node.OpType == "Conv"
                    && Trace(node.Inputs[1]) is { Transposed: false, Source.Shape.Count: 3 or 4 } kernel
                )
                {
                    WeightOperator kind =
                        kernel.Source.Shape.Count == 3 ? WeightOperator.Conv1d : WeightOperator.Conv2d;
                    nodes.Add(
                        own with
                        {
                            Inputs =
                            [
                                node.Inputs[0],
                                Lift(own, kernel, kind, storedOutFirst: true),
                                .. node.Inputs.Skip(2),
                            ],
                        }
                    );
                }
                else
                    nodes.Add(own);
            }
            Initializer[] all = [.. graph.Initializers, .. weights.Select(weight => weight.Initializer)];
            foreach (GraphWeight weight in weights)
                values[weight.Initializer.Name] = weight.Initializer.Value;
            return new Graph(
                graph.Name,
                graph.Inputs,
                graph.Outputs,
                nodes,
                [.. all.DistinctBy(initializer => initializer.Name)],
                weights,
                values
            );
        }

        // A weight inside a fused operator cannot become a graph input.
        private static GraphNode WithoutOwnWeights(GraphNode node) =>
            !WeightHolders.Contains(node.OpType)
                ? node
                : throw new OnnxFormatException(
                    $"Node '{node.Name}' is the fused operator {node.OpType}, which holds weights inside and "
                        + "hides them from quantization. Export without that optimisation (MultiHeadAttention is fine)."
                );

        // A constant of higher rank is a stack of matrices, not the weight of one linear layer.
        private (Initializer.FromTensor Source, bool Transposed)? TraceMatrix(string value) =>
            Trace(value) is { Source.Shape.Count: 2 } matrix ? matrix : null;

        // A checkpoint matrix or kernel, directly or behind Transpose, Cast and Identity; null for anything else.
        private (Initializer.FromTensor Source, bool Transposed)? Trace(string value)
        {
            bool transposed = false;
            while (makers.TryGetValue(value, out GraphNode? maker))
            {
                if (maker.OpType is "Transpose" && (maker.Integers("perm") is null or [1, 0]))
                    transposed = !transposed;
                else if (maker.OpType is not ("Cast" or "Identity"))
                    return null;
                value = maker.Inputs[0];
            }
            if (!initializers.TryGetValue(value, out Initializer? found) || found is not Initializer.FromTensor tensor)
                return null;
            bool isWeight =
                tensor.Shape.Count == 2
                    ? tensor.Shape[0] > 1 && tensor.Shape[1] > 1
                    : tensor.Shape.Count is 3 or 4 && !transposed;
            return isWeight ? (tensor, transposed) : null;
        }

        private void AddGemm(GraphNode node, (Initializer.FromTensor Source, bool Transposed) matrix)
        {
            float alpha = Real(node, "alpha"),
                beta = Real(node, "beta");
            bool outFirst = matrix.Transposed != (node.Integer("transB", 0) == 1);
            bool hasBias = node.Inputs.Count > 2 && node.Inputs[2].Length > 0;
            if (alpha != 1 || (hasBias && beta != 1))
                throw new OnnxFormatException(
                    $"{graph.Name}: Gemm '{node.Name}' scales its product by {alpha} and its bias by {beta}; only 1 is supported."
                );
            string weight = Lift(node, matrix, WeightOperator.Linear, outFirst);
            string product = hasBias ? $"{node.Outputs[0]}.product" : node.Outputs[0];
            nodes.Add(
                node with
                {
                    OpType = "MatMul",
                    Inputs = [node.Inputs[0], weight],
                    Outputs = [product],
                    Attributes = [],
                }
            );
            if (!hasBias)
                return;
            if (values.TryGetValue(node.Outputs[0], out GraphValue? result))
                values[product] = result with { Name = product };
            nodes.Add(
                node with
                {
                    Name = $"{node.Name}.bias",
                    OpType = "Add",
                    Inputs = [product, node.Inputs[2]],
                    Attributes = [],
                }
            );
        }

        private static float Real(GraphNode node, string name) =>
            node.Attributes.OfType<GraphAttribute.Real>().FirstOrDefault(attribute => attribute.Name == name)?.Value
            ?? 1;

        private string Lift(
            GraphNode node,
            (Initializer.FromTensor Source, bool Transposed) matrix,
            WeightOperator kind,
            bool storedOutFirst
        )
        {
            if (lifted.TryGetValue((matrix.Source.TensorName, storedOutFirst), out GraphWeight? known))
                return known.Initializer.Name;
            string stored = WithoutPrefix(matrix.Source.TensorName);
            string module =
                stored.EndsWith(".weight", StringComparison.Ordinal) ? stored[..^".weight".Length]
                : node.Scope.Length > 0 ? node.Scope
                : stored;
            string unique = module;
            for (int i = 2; !names.Add(unique); i++)
                unique = string.Create(CultureInfo.InvariantCulture, $"{module}_{i}");
            bool isMatrix = kind == WeightOperator.Linear;
            IReadOnlyList<long> shape =
                isMatrix && !storedOutFirst ? [matrix.Source.Shape[1], matrix.Source.Shape[0]] : matrix.Source.Shape;
            bool turns = isMatrix && !storedOutFirst;
            string tensor = $"{unique}.weight";
            if (tensors.Tensors.ContainsKey(tensor) && (turns || tensor != matrix.Source.TensorName))
                tensor = $"{unique}.weight.turned";
            tensors.Alias(tensor, matrix.Source.TensorName, turns);
            string value =
                values.ContainsKey(tensor) && tensor != matrix.Source.Name ? $"{tensor}.value"
                : tensor == matrix.Source.Name && isMatrix ? $"{tensor}.matrix"
                : tensor;
            var initializer = new Initializer.FromTensor(
                value,
                ElementType.Float32,
                isMatrix ? [shape[1], shape[0]] : shape,
                tensor,
                shape,
                isMatrix,
                0,
                shape[1]
            );
            var weight = new GraphWeight(new QuantizableWeight(unique, kind, shape, tensor, 0, shape[1]), initializer);
            weights.Add(weight);
            lifted.Add((matrix.Source.TensorName, storedOutFirst), weight);
            return value;
        }

        // The first part of all weights' names, when they share it: a wrapper module around the model.
        private string CommonPrefix()
        {
            string[] paths =
            [
                .. graph
                    .Initializers.OfType<Initializer.FromTensor>()
                    .Select(tensor => tensor.TensorName)
                    .Where(name => name.EndsWith(".weight", StringComparison.Ordinal)),
            ];
            if (paths.Length < 2)
                return "";
            string first = paths[0][..(paths[0].IndexOf('.') + 1)];
            return paths.All(path =>
                path.StartsWith(first, StringComparison.Ordinal) && path.Length > first.Length + ".weight".Length
            )
                ? first
                : "";
        }

        private string WithoutPrefix(string path) =>
            prefix.Length > 0 && path.StartsWith(prefix, StringComparison.Ordinal) ? path[prefix.Length..]
            : prefix.Length > 0 && path + "." == prefix ? ""
            : path;
    }
}
