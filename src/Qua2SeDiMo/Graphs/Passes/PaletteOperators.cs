using Qua2SeDiMo.Graphs.Ir;
using Qua2SeDiMo.Kernels.Codes;
using Qua2SeDiMo.Kernels.Operators;

namespace Qua2SeDiMo.Graphs.Passes;

/// <summary>A quantized weight in the byte layout that the palette operators read (docs/formats.md).</summary>
/// <param name="Method">Name of the quantizer, for instance <c>kmeans-c</c>.</param>
/// <param name="Bits">Bits of one code.</param>
/// <param name="SizeBytes">Length of the layout in bytes.</param>
/// <param name="Fill">Writes those bytes.</param>
internal sealed record PaletteOperand(string Method, int Bits, long SizeBytes, ByteFill Fill);

/// <summary>
/// Makes a graph multiply by palette-coded weights directly. Before: MatMul and Conv by weights in single precision.
/// After: those whose weight is given as codes are <c>PaletteMatMul</c> and <c>PaletteConv</c>, which also add the
/// bias; their weights are bytes and no longer listed as weights of the graph. Inputs, outputs and all other weights
/// are unchanged. Sensitivity graphs are built from the graph before this pass.
/// </summary>
internal static class PaletteOperators
{
    /// <summary>Applies the pass.</summary>
    /// <param name="graph">Graph in single precision.</param>
    /// <param name="operand">Returns the codes of a weight; null to keep it in single precision.</param>
    /// <param name="activationBits">By weight name, 2 to 8: multiply integers, activations quantized at each run; null:
    /// multiply in single precision.</param>
    internal static Graph Apply(
        Graph graph,
        Func<QuantizableWeight, PaletteOperand?> operand,
        Func<string, int?>? activationBits = null
    )
    {
        ArgumentNullException.ThrowIfNull(graph);
        ArgumentNullException.ThrowIfNull(operand);
        return new Tape(graph, operand, activationBits ?? (_ => null)).Build();
    }

    private sealed class Tape
    {
        private readonly Graph graph;
        private readonly Func<string, int?> activationBits;
        private readonly Dictionary<string, GraphWeight> weightOf;
        private readonly Dictionary<string, PaletteOperand?> operands = new(StringComparer.Ordinal);
        private readonly Func<QuantizableWeight, PaletteOperand?> operand;
        private readonly HashSet<string> vectors;
        private readonly Dictionary<string, GraphNode[]> readers;
        private readonly Dictionary<string, GraphValue> values;
        private readonly Dictionary<string, Initializer> packed = new(StringComparer.Ordinal);
        private readonly HashSet<GraphNode> merged = [];

        internal Tape(Graph graph, Func<QuantizableWeight, PaletteOperand?> operand, Func<string, int?> activationBits)
        {
            (this.graph, this.operand, this.activationBits) = (graph, operand, activationBits);
            weightOf = graph.Weights.ToDictionary(weight => weight.Initializer.Name, StringComparer.Ordinal);
            vectors =
            [
                .. graph
                    .Initializers.Where(initializer =>
                        initializer.Type == ElementType.Float32 && initializer.Shape.Count == 1
                    )
                    .Select(initializer => initializer.Name),
            ];
            readers = graph
                .Nodes.SelectMany(node => node.Inputs.Distinct().Select(input => (input, node)))
                .GroupBy(pair => pair.input, pair => pair.node, StringComparer.Ordinal)
                .ToDictionary(group => group.Key, group => group.ToArray(), StringComparer.Ordinal);
            values = new(graph.Values, StringComparer.Ordinal);
        }

        internal Graph Build()
        {
            var nodes = new List<GraphNode>(graph.Nodes.Count);
            foreach (GraphNode node in graph.Nodes)
            {
                if (merged.Contains(node))
                    continue;
                nodes.Add(Replace(node) ?? node);
            }
            HashSet<string> used =
            [
                .. nodes.SelectMany(node => node.Inputs),
                .. graph.Outputs.Select(output => output.Name),
            ];
            Initializer[] initializers =
            [
                .. graph.Initializers.Where(initializer =>
                    used.Contains(initializer.Name) || !weightOf.ContainsKey(initializer.Name)
                ),
                .. packed.Values,
            ];
            return new Graph(
                graph.Name,
                graph.Inputs,
                graph.Outputs,
                nodes,
                initializers,
                [.. graph.Weights.Where(weight => used.Contains(weight.Initializer.Name))],
                values
            );
        }

        // The palette operator that replaces a node; null when the node is kept.
        private GraphNode? Replace(GraphNode node)
        {
            if (
                node.Domain.Length > 0
                || node.Inputs.Count < 2
                || !weightOf.TryGetValue(node.Inputs[1], out GraphWeight? weight)
            )
                return null;
            bool isMatMul = node.OpType == "MatMul" && weight.Weight.Operator == WeightOperator.Linear;
            bool isConv =
                node.OpType == "Conv"
                && weight.Weight.Operator == WeightOperator.Conv2d
                && node.Integer("group", 1) == 1
                && node.Attributes.All(attribute => attribute.Name != "auto_pad");
            if (!isMatMul && !isConv)
                return null;
            if (!operands.TryGetValue(weight.Weight.Name, out PaletteOperand? codes))
                operands.Add(weight.Weight.Name, codes = operand(weight.Weight));
            if (codes is null)
                return null;
            GraphAttribute[] attributes =
            [
                .. node.Attributes,
                new GraphAttribute.Whole(PaletteOperatorNames.ActivationBits, activationBits(weight.Weight.Name) ?? 0),
                new GraphAttribute.Whole(PaletteOperatorNames.Bits, codes.Bits),
                new GraphAttribute.Text(PaletteOperatorNames.Method, codes.Method),
                new GraphAttribute.Whole(PaletteOperatorNames.In, weight.Weight.Shape[1]),
                new GraphAttribute.Whole(PaletteOperatorNames.Out, weight.Weight.Shape[0]),
            ];
            GraphNode result = node with
            {
                OpType = isMatMul ? PaletteOperatorNames.MatMul : PaletteOperatorNames.Conv,
                Domain = PaletteOperatorNames.Domain,
                Inputs = [node.Inputs[0], Pack(weight, codes), .. node.Inputs.Skip(2)],
                Attributes = [.. attributes.OrderBy(attribute => attribute.Name, StringComparer.Ordinal)],
            };
            return isMatMul ? WithBias(result, weight.Weight.Shape[0]) : result;
        }

        // Merges the following Add into the product as its bias, when it adds a vector and nothing else reads the
        // product.
        private GraphNode WithBias(GraphNode product, long outFeatures)
        {
            string output = product.Outputs[0];
            if (
                !readers.TryGetValue(output, out GraphNode[]? read)
                || read is not [{ OpType: "Add", Domain: "" } sum]
                || graph.Outputs.Any(value => value.Name == output)
            )
                return product;
            string bias = sum.Inputs[0] == output ? sum.Inputs[1] : sum.Inputs[0];
            if (!vectors.Contains(bias) || !values[bias].Shape[0].Equals(new Dimension(outFeatures)))
                return product;
            merged.Add(sum);
            values.Remove(output);
            return product with { Inputs = [.. product.Inputs, bias], Outputs = sum.Outputs };
        }

        private string Pack(GraphWeight weight, PaletteOperand codes)
        {
            string name = $"{weight.Initializer.Name}.{codes.Method}-{codes.Bits}";
            if (packed.TryAdd(name, new Initializer.Computed(name, ElementType.UInt8, [codes.SizeBytes], codes.Fill)))
                values.Add(name, packed[name].Value);
            return name;
        }
    }
}
