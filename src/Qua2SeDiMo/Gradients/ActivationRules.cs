using Qua2SeDiMo.Graphs.Ir;

namespace Qua2SeDiMo.Gradients;

/// <summary>Gradient rules of activation functions, including Softmax. At a kink of a piecewise function the derivative
/// of the flatter side is used.</summary>
internal static class ActivationRules
{
    private const string Microsoft = "com.microsoft.";

    internal static void AddTo(Dictionary<string, GradientRule> rules)
    {
        Piecewise(rules, "Relu", (node, x) => x.Is("Greater", x.Number(0)));
        Piecewise(rules, "LeakyRelu", (node, x) => Above(x, x.Number(1), x.Number(node.Real("alpha", 0.01f))));
        Piecewise(rules, "ThresholdedRelu", (node, x) => x.Is("Greater", x.Number(node.Real("alpha", 1))));
        Piecewise(rules, "Elu", (node, x) => Above(x, x.Number(1), x.Exp() * node.Real("alpha", 1)));
        Piecewise(
            rules,
            "Selu",
            (node, x) =>
                Above(x, x.Number(1), x.Exp() * node.Real("alpha", 1.67326319f)) * node.Real("gamma", 1.05070102f)
        );
        Piecewise(rules, "Celu", (node, x) => Above(x, x.Number(1), (x * (1 / node.Real("alpha", 1))).Exp()));
        Piecewise(rules, "Softsign", (node, x) => 1f / Square(x.Apply("Abs") + 1f));
        Piecewise(rules, "HardSigmoid", (node, x) => Ramp(x, node.Real("alpha", 0.2f), node.Real("beta", 0.5f)));
        Piecewise(rules, "HardSwish", (node, x) => HardSwish(x));
        Piecewise(rules, "Mish", (node, x) => Mish(x));
        Piecewise(rules, $"{Microsoft}QuickGelu", (node, x) => Swish(x, node.Real("alpha", 1.702f)));
        Piecewise(rules, "Gelu", (node, x) => node.Text("approximate", "none") == "tanh" ? GeluTanh(x) : GeluErf(x));
        Piecewise(rules, $"{Microsoft}Gelu", (_, x) => GeluErf(x));
        rules[$"{Microsoft}FastGelu"] = node => Biased(node, GeluTanh);
        rules[$"{Microsoft}BiasGelu"] = node => Biased(node, GeluErf);
        rules["Softmax"] = node =>
            node.Give(
                0,
                Softmax(
                    node.Output(),
                    node.Cotangent(),
                    NodeGradient.Axis(node.Node.Integer("axis", -1), node.Output().Rank)
                )
            );
        rules["LogSoftmax"] = node =>
        {
            Term dy = node.Cotangent(),
                y = node.Output();
            node.Give(0, dy - (y.Exp() * dy.Sum(NodeGradient.Axis(node.Node.Integer("axis", -1), y.Rank))));
        };
    }

    /// <summary>Gradient in the logits of a softmax with result y and cotangent dy: y·dy − y·Σ(y·dy) along the
    /// axis.</summary>
    internal static Term Softmax(Term y, Term dy, int axis)
    {
        Term weighted = y * dy;
        return weighted - (y * weighted.Sum(axis));
    }

    private static void Piecewise(
        Dictionary<string, GradientRule> rules,
        string opType,
        Func<NodeGradient, Term, Term> derivative
    ) => rules[opType] = node => node.Give(0, node.Cotangent() * derivative(node, node.Input()));

    private static void Biased(NodeGradient node, Func<Term, Term> derivative)
    {
        Term dx = node.Cotangent() * derivative(node.Has(1) ? node.Input() + node.Input(1) : node.Input());
        node.Give(0, dx);
        node.Give(1, dx);
    }

    private static Term Above(Term x, Term yes, Term no) => x.Compare("Greater", x.Number(0)).Choose(yes, no);

    private static Term Square(Term x) => x * x;

    // Derivative of clamp(alpha · x + beta, 0, 1): alpha where 0 < alpha · x + beta < 1, else 0.
    private static Term Ramp(Term x, float alpha, float beta)
    {
        Term line = (x * alpha) + beta;
        return line.Is("Greater", line.Number(0)) * line.Is("Less", line.Number(1)) * alpha;
    }

    private static Term HardSwish(Term x) =>
        x.Apply("HardSigmoid", new GraphAttribute.Real("alpha", 1 / 6f), new GraphAttribute.Real("beta", 0.5f))
        + (x * Ramp(x, 1 / 6f, 0.5f));

    private static Term Mish(Term x)
    {
        Term t = x.Apply("Softplus").Tanh();
        return t + (x * x.Sigmoid() * (1f - (t * t)));
    }

    private static Term Swish(Term x, float alpha)
    {
        Term s = (x * alpha).Sigmoid();
        return s + (x * alpha * s * (1f - s));
    }

    // Φ(x) + x·φ(x), with the distribution function Φ and the density φ of the standard normal distribution.
    private static Term GeluErf(Term x)
    {
        Term below = ((x * MathF.Sqrt(0.5f)).Apply("Erf") + 1f) * 0.5f;
        return below + (x * (x * x * -0.5f).Exp() * (1 / MathF.Sqrt(2 * MathF.PI)));
    }

    private static Term GeluTanh(Term x)
    {
        const float Cubic = 0.044715f;
        float scale = MathF.Sqrt(2 / MathF.PI);
        Term square = x * x;
        Term t = (x * ((square * Cubic) + 1f) * scale).Tanh();
        return ((t + 1f) * 0.5f) + (x * (1f - (t * t)) * ((square * (3 * Cubic)) + 1f) * (0.5f * scale));
    }
}
