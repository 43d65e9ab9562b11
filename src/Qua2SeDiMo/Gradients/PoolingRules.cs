using Qua2SeDiMo.Graphs.Ir;
using Qua2SeDiMo.Kernels.Codes;

namespace Qua2SeDiMo.Gradients;

/// <summary>Gradient rule of max pooling: the operator is run again for the indices of the maxima, to which the
/// cotangents are added.</summary>
internal static class PoolingRules
{
    internal static void AddTo(Dictionary<string, GradientRule> rules) => rules["MaxPool"] = MaxPool;

    private static void MaxPool(NodeGradient node)
    {
        Term x = node.Input(),
            dy = node.Cotangent();
        GraphAttribute[] attributes =
        [
            .. node.Node.Attributes.Where(attribute => attribute.Name != "storage_order"),
            new GraphAttribute.Whole("storage_order", 0),
        ];
        IReadOnlyList<GraphValue> again = x.Tape.RecordMany(
            "MaxPool",
            [x.Value],
            ElementType.Int64,
            [Term.Dimensions(dy.Shape), Term.Dimensions(dy.Shape)],
            attributes
        );
        // The indices count over the flattened tensor.
        Term places = new Term(x.Tape, again[1]).Reshape(dy.Count);
        Term sums = dy.Zeros([x.Count])
            .Record(
                "ScatterElements",
                [places, dy.Reshape(dy.Count)],
                [x.Count],
                new GraphAttribute.Whole("axis", 0),
                new GraphAttribute.Text("reduction", "add")
            );
        node.Give(0, sums.Reshape(x.Shape));
    }
}
