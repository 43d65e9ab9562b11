namespace Qua2SeDiMo.Gradients;

/// <summary>Gradient rules of elementwise functions of one operand. Each line states the derivative in terms of the
/// operand x and the result y.</summary>
internal static class FunctionRules
{
    private delegate Term Derivative(Term x, Term y);

    internal static void AddTo(Dictionary<string, GradientRule> rules)
    {
        void Function(string opType, Derivative derivative) =>
            rules[opType] = node => node.Give(0, node.Cotangent() * derivative(node.Input(), node.Output()));

        Function("Abs", (x, _) => x.Apply("Sign"));
        Function("Acos", (x, _) => -1f / (1f - (x * x)).Sqrt());
        Function("Acosh", (x, _) => 1f / ((x * x) - 1f).Sqrt());
        Function("Asin", (x, _) => 1f / (1f - (x * x)).Sqrt());
        Function("Asinh", (x, _) => 1f / ((x * x) + 1f).Sqrt());
        Function("Atan", (x, _) => 1f / ((x * x) + 1f));
        Function("Atanh", (x, _) => 1f / (1f - (x * x)));
        Function("Cos", (x, _) => -x.Apply("Sin"));
        Function("Cosh", (x, _) => x.Apply("Sinh"));
        Function("Erf", (x, _) => (-(x * x)).Exp() * (2 / MathF.Sqrt(MathF.PI)));
        Function("Exp", (_, y) => y);
        Function("Log", (x, _) => 1f / x);
        Function("Reciprocal", (_, y) => -(y * y));
        Function("Sigmoid", (_, y) => y * (1f - y));
        Function("Sin", (x, _) => x.Apply("Cos"));
        Function("Sinh", (x, _) => x.Apply("Cosh"));
        Function("Softplus", (x, _) => x.Sigmoid());
        Function("Sqrt", (_, y) => 0.5f / y);
        Function("Tan", (_, y) => (y * y) + 1f);
        Function("Tanh", (_, y) => 1f - (y * y));
        rules["Neg"] = node => node.Give(0, -node.Cotangent());
        rules["Identity"] = node => node.Give(0, node.Cotangent());
        // Give casts the cotangent to the operand's type.
        rules["Cast"] = rules["Identity"];
        rules["CastLike"] = rules["Identity"];
        rules["Dropout"] = rules["Identity"];
    }
}
