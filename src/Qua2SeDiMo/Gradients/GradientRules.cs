using Qua2SeDiMo.Graphs.Ir;
using Qua2SeDiMo.Kernels.Codes;

namespace Qua2SeDiMo.Gradients;

/// <summary>Computes the cotangents of a node's operands from those of its results.</summary>
internal delegate void GradientRule(NodeGradient node);

/// <summary>The table of gradient rules, one per operator. Keys are operator names; outside of the ONNX standard
/// <c>domain.Operator</c>.</summary>
internal static class GradientRules
{
    /// <summary>Alternative that messages state when a gradient is not supported.</summary>
    internal const string Instead = "This model can be measured by one-call probes, which need no gradients.";

    private static readonly Dictionary<string, GradientRule> Rules = new(StringComparer.Ordinal);

    // Operators whose derivative is zero almost everywhere, or whose results are not real numbers.
    private static readonly HashSet<string> Constants = new(StringComparer.Ordinal)
    {
        "And",
        "ArgMax",
        "ArgMin",
        "Bernoulli",
        "BitShift",
        "BitwiseAnd",
        "BitwiseNot",
        "BitwiseOr",
        "BitwiseXor",
        "Ceil",
        "Constant",
        "ConstantOfShape",
        "Equal",
        "EyeLike",
        "Floor",
        "Greater",
        "GreaterOrEqual",
        "Hardmax",
        "IsInf",
        "IsNaN",
        "Less",
        "LessOrEqual",
        "Multinomial",
        "NonZero",
        "Not",
        "Or",
        "RandomNormal",
        "RandomNormalLike",
        "RandomUniform",
        "RandomUniformLike",
        "Round",
        "Shape",
        "Sign",
        "Size",
        "Xor",
    };

    static GradientRules()
    {
        ArithmeticRules.AddTo(Rules);
        FunctionRules.AddTo(Rules);
        ActivationRules.AddTo(Rules);
        ProductRules.AddTo(Rules);
        ConvolutionRules.AddTo(Rules);
        NormRules.AddTo(Rules);
        ReductionRules.AddTo(Rules);
        LayoutRules.AddTo(Rules);
        IndexRules.AddTo(Rules);
        AxisMapRules.AddTo(Rules);
        PoolingRules.AddTo(Rules);
        RotaryRules.AddTo(Rules);
    }

    /// <summary>Names of all operators with a rule.</summary>
    internal static IEnumerable<string> Operators => Rules.Keys;

    internal static string KeyOf(GraphNode node) =>
        node.Domain.Length == 0 ? node.OpType : $"{node.Domain}.{node.OpType}";

    /// <summary>Whether a node has no derivative to propagate: its results are piecewise constant, integers or truth
    /// values.</summary>
    internal static bool IsConstant(GraphNode node) =>
        Constants.Contains(KeyOf(node))
        || (
            node.OpType == "Cast"
            && !(OnnxTypes.FromOnnx((int)node.Integer("to", 1)) ?? ElementType.Int64).IsFloatingPoint()
        );

    /// <summary>The rule of a node.</summary>
    /// <exception cref="GradientException">The operator has no rule; the message names operator, node and
    /// alternative.</exception>
    internal static GradientRule Find(GraphNode node, string graphName) =>
        Rules.TryGetValue(KeyOf(node), out GradientRule? rule)
            ? rule
            : throw new GradientException(
                $"{graphName}: the operator {KeyOf(node)} of node '{node.Name}' has no gradient rule. {Instead}"
            )
            {
                Operator = KeyOf(node),
            };
}
