using Qua2SeDiMo.Graphs.Ir;

namespace Qua2SeDiMo.Gradients;

/// <summary>Gradient rules of operators that broadcast their operands. <see cref="NodeGradient.Give"/> sums cotangents
/// along the axes of a broadcast.</summary>
internal static class ArithmeticRules
{
    internal static void AddTo(Dictionary<string, GradientRule> rules)
    {
        rules["Add"] = node =>
        {
            node.Give(0, node.Cotangent());
            node.Give(1, node.Cotangent());
        };
        rules["Sub"] = node =>
        {
            node.Give(0, node.Cotangent());
            node.Give(1, -node.Cotangent());
        };
        rules["Mul"] = node =>
        {
            node.Give(0, node.Cotangent() * node.Input(1));
            node.Give(1, node.Cotangent() * node.Input());
        };
        rules["Div"] = node =>
        {
            node.Give(0, node.Cotangent() / node.Input(1));
            node.Give(1, -(node.Cotangent() * node.Output() / node.Input(1)));
        };
        rules["Pow"] = Pow;
        rules["Max"] = Extreme;
        rules["Min"] = Extreme;
        rules["Sum"] = node => GiveAll(node, node.Cotangent());
        rules["Mean"] = node => GiveAll(node, node.Cotangent() * (1f / node.InputCount));
        rules["Where"] = node =>
        {
            Term dy = node.Cotangent(),
                condition = node.Input();
            node.Give(1, condition.Choose(dy, dy.Number(0)));
            node.Give(2, condition.Choose(dy.Number(0), dy));
        };
        rules["PRelu"] = node =>
        {
            Term dy = node.Cotangent(),
                x = node.Input(),
                below = x.Compare("Less", x.Number(0));
            node.Give(0, below.Choose(dy * node.Input(1), dy));
            node.Give(1, below.Choose(dy * x, dy.Number(0)));
        };
        rules["Clip"] = Clip;
        rules["CumSum"] = node =>
        {
            bool reversed = node.Node.Integer("reverse", 0) == 1;
            node.Give(
                0,
                node.Cotangent()
                    .Record(
                        "CumSum",
                        [node.Input(1)],
                        node.Output().Shape,
                        new GraphAttribute.Whole("exclusive", node.Node.Integer("exclusive", 0)),
                        new GraphAttribute.Whole("reverse", reversed ? 0 : 1)
                    )
            );
        };
    }

    private static void GiveAll(NodeGradient node, Term cotangent)
    {
        for (int i = 0; i < node.InputCount; i++)
            node.Give(i, cotangent);
    }

    // A zero exponent or a zero base would give 0 · ∞ = NaN; the gradient there is set to 0.
    private static void Pow(NodeGradient node)
    {
        Term dy = node.Cotangent(),
            x = node.Input(),
            power = node.Input(1).As(x.Type),
            y = node.Output();
        Term zero = dy.Number(0);
        node.Give(0, power.Compare("Equal", zero).Choose(zero, dy * power * x.Record("Pow", [power - 1f], y.Shape)));
        node.Give(1, x.Compare("Equal", zero).Choose(zero, dy * y * x.Apply("Log")));
    }

    // The cotangent is divided equally among operands that equal the result.
    private static void Extreme(NodeGradient node)
    {
        Term[] chosen = [.. Enumerable.Range(0, node.InputCount).Select(i => node.Input(i).Is("Equal", node.Output()))];
        Term share = node.Cotangent() / chosen.Aggregate((sum, next) => sum + next);
        for (int i = 0; i < chosen.Length; i++)
            node.Give(i, share * chosen[i]);
    }

    // An element equal to a bound counts as inside the range.
    private static void Clip(NodeGradient node)
    {
        Term dy = node.Cotangent(),
            x = node.Input(),
            zero = dy.Number(0),
            inside = dy;
        if (node.Has(1))
        {
            Term below = x.Compare("Less", node.Input(1));
            inside = below.Choose(zero, inside);
            node.Give(1, below.Choose(dy, zero));
        }
        if (node.Has(2))
        {
            Term above = x.Compare("Greater", node.Input(2));
            inside = above.Choose(zero, inside);
            node.Give(2, above.Choose(dy, zero));
        }
        node.Give(0, inside);
    }
}
