namespace Qua2SeDiMo.Graphs.Ir;

/// <summary>
/// Checks an ONNX operator call before passes read it: number of inputs and type of each attribute. Source: the
/// operator schemas of opsets 13 to 23. Inputs of operators that are not listed are checked by ONNX Runtime.
/// </summary>
internal static class OperatorForm
{
    private const int Any = int.MaxValue;

    private static readonly Dictionary<string, (int Least, int Most)> Inputs = Table();

    // Types of the attributes that passes read; each has the same type in every operator that has it.
    private static readonly Dictionary<string, Type> Kinds = new(StringComparer.Ordinal)
    {
        ["axis"] = typeof(GraphAttribute.Whole),
        ["to"] = typeof(GraphAttribute.Whole),
        ["group"] = typeof(GraphAttribute.Whole),
        ["transA"] = typeof(GraphAttribute.Whole),
        ["transB"] = typeof(GraphAttribute.Whole),
        ["keepdims"] = typeof(GraphAttribute.Whole),
        ["allowzero"] = typeof(GraphAttribute.Whole),
        ["start"] = typeof(GraphAttribute.Whole),
        ["end"] = typeof(GraphAttribute.Whole),
        ["num_outputs"] = typeof(GraphAttribute.Whole),
        ["perm"] = typeof(GraphAttribute.Wholes),
        ["strides"] = typeof(GraphAttribute.Wholes),
        ["pads"] = typeof(GraphAttribute.Wholes),
        ["dilations"] = typeof(GraphAttribute.Wholes),
        ["kernel_shape"] = typeof(GraphAttribute.Wholes),
        ["axes"] = typeof(GraphAttribute.Wholes),
        ["auto_pad"] = typeof(GraphAttribute.Text),
        ["equation"] = typeof(GraphAttribute.Text),
        ["alpha"] = typeof(GraphAttribute.Real),
        ["beta"] = typeof(GraphAttribute.Real),
        ["epsilon"] = typeof(GraphAttribute.Real),
        ["high"] = typeof(GraphAttribute.Real),
        ["low"] = typeof(GraphAttribute.Real),
        ["value"] = typeof(GraphAttribute.Tensor),
    };

    /// <summary>The fault of a call, worded to follow its name in a message; null when there is none.</summary>
    internal static string? FaultOf(GraphNode node)
    {
        if (
            node
                .Attributes.Zip(node.Attributes.Skip(1))
                .FirstOrDefault(pair => pair.First.Name == pair.Second.Name)
                .First is
            { } twice
        )
            return $"states '{twice.Name}' twice";
        bool isReduction = node.OpType.StartsWith("Reduce", StringComparison.Ordinal);
        if (!Inputs.TryGetValue(node.OpType, out (int Least, int Most) form) && isReduction)
            form = (1, 2);
        if (form.Most == 0)
            return null;
        int given = node.Inputs.Count;
        if (given < form.Least || given > form.Most || node.Inputs.Take(form.Least).Any(input => input.Length == 0))
        {
            string expected =
                form.Least == form.Most ? $"{form.Least}"
                : form.Most == Any ? $"at least {form.Least}"
                : $"{form.Least} to {form.Most}";
            return $"has {given} "
                + $"inputs{(given >= form.Least && given <= form.Most ? ", one of which is left out" : "")}; {expected} "
                + "are expected";
        }
        GraphAttribute? wrong =
            node.Domain.Length > 0
                ? null
                : node.Attributes.FirstOrDefault(attribute =>
                    Kinds.TryGetValue(attribute.Name, out Type? kind) && attribute.GetType() != kind
                );
        return wrong is null
            ? null
            : $"has the attribute '{wrong.Name}' as a {wrong.GetType().Name.ToLowerInvariant()}, and a "
                + $"{Kinds[wrong.Name].Name.ToLowerInvariant()} is expected";
    }

    private static Dictionary<string, (int Least, int Most)> Table()
    {
        var table = new Dictionary<string, (int Least, int Most)>(StringComparer.Ordinal);
        void Add(int least, int most, string operators)
        {
            foreach (string name in operators.Split(' '))
                table.Add(name, (least, most));
        }
        Add(
            1,
            1,
            "Abs ArgMax ArgMin Cast Ceil ConstantOfShape Cos DepthToSpace Elu Erf Exp Flatten Floor Gelu "
                + "HardSigmoid Identity IsNaN LeakyRelu Log LogSoftmax Mish Neg NonZero Not "
                + "QuickGelu RandomNormalLike RandomUniformLike Reciprocal Relu Round Shape Sigmoid Sign Sin Size "
                + "Softmax Softplus SpaceToDepth Sqrt Tan Tanh Transpose Unique"
        );
        Add(1, 2, "FastGelu Split Squeeze Trilu");
        Add(1, 3, "Clip Dropout");
        Add(1, 4, "Resize");
        Add(1, Any, "Concat Einsum Max Mean Min Sum");
        Add(
            2,
            2,
            "Add And BiasGelu BitShift BitwiseAnd BitwiseOr CumSum Div Equal Expand Gather GatherElements "
                + "GatherND Greater GreaterOrEqual Less LessOrEqual MatMul Mod Mul Or PRelu Pow "
                + "RMSNormalization Reshape SimplifiedLayerNormalization Sub Tile TopK Unsqueeze"
        );
        Add(2, 3, "Conv ConvTranspose Gemm LayerNormalization");
        Add(2, 4, "Pad");
        Add(3, 3, "GroupNormalization InstanceNormalization OneHot Range ScatterND Where");
        Add(3, 5, "Slice");
        return table;
    }
}
