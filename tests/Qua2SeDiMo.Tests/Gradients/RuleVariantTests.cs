using Qua2SeDiMo.Gradients;
using Xunit;

namespace Qua2SeDiMo.Tests.Gradients;

/// <summary>Compares with central differences the attributes, shapes and operands that the references do not
/// cover.</summary>
public sealed class RuleVariantTests
{
    private static readonly Dictionary<string, GradientCheck> Checks = All()
        .ToDictionary(pair => pair.Name, pair => pair.Check, StringComparer.Ordinal);

    public static TheoryData<string> Names => [.. Checks.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void A_gradient_agrees_with_central_differences(string name) => Checks[name].Run(name);

    [Fact]
    public void Every_rule_is_tried_here_or_by_the_references()
    {
        string references = File.ReadAllText(RepositoryFiles.Golden("gradients/ops/operators.json"));
        string[] untried =
        [
            .. GradientRules.Operators.Where(rule =>
                !references.Contains($"\"op_type\": \"{rule}\"", StringComparison.Ordinal)
                && !Checks.Keys.Any(name => name == rule || name.StartsWith($"{rule} ", StringComparison.Ordinal))
            ),
        ];

        Assert.Empty(untried);
    }

    private static float Positive(float x) => 0.5f + MathF.Abs(x);

    private static float Inside(float x) => 0.8f * MathF.Tanh(x);

    // Moves values away from the kinks at 0 and ±1.
    private static float Apart(float x) =>
        x + (0.2f * MathF.Sign(x)) + (MathF.Abs(MathF.Abs(x) - 0.9f) < 0.2f ? 0.4f * MathF.Sign(x) : 0);

    private static GradientCheck Of(string opType, params long[] shape) => new GradientCheck(opType).Operand(shape);

    private static GradientCheck Of(string opType, Func<float, float> map) =>
        new GradientCheck(opType).Operand([3, 5], map);

    private static IEnumerable<(string Name, GradientCheck Check)> All() =>
        [
            .. Functions(),
            .. Products(),
            .. Windows(),
            .. Norms(),
            .. Reductions(),
            .. Layouts(),
            .. Indices(),
            .. Sorted(),
            .. Maps(),
        ];

    private static IEnumerable<(string Name, GradientCheck Check)> Functions()
    {
        foreach (string opType in (string[])["Acos", "Asin", "Atanh"])
            yield return (opType, Of(opType, Inside));
        foreach (string opType in (string[])["Asinh", "Atan", "Cosh", "Sinh", "Mish", "Softsign", "CastLike"])
        {
            yield return (opType, opType == "CastLike" ? Of(opType, 3, 5).Scalar(1) : Of(opType, x => x));
        }
        yield return ("Acosh", Of("Acosh", x => 1.5f + MathF.Abs(x)));
        yield return ("Tan", Of("Tan", Inside));
        foreach (string opType in (string[])["Elu", "Selu", "Celu", "ThresholdedRelu"])
            yield return (opType, Of(opType, Apart));
        yield return ("Elu alpha", Of("Elu", Apart).With("alpha", 0.3f));
        yield return ("Celu alpha", Of("Celu", Apart).With("alpha", 0.7f));
        yield return ("Selu gamma", Of("Selu", Apart).With("alpha", 1.2f).With("gamma", 0.8f));
        yield return ("HardSwish", Of("HardSwish", Inside));
        yield return ("HardSwish beyond", Of("HardSwish", x => (x < 0 ? -4 : 4) + Inside(x)));
        yield return ("HardSigmoid", Of("HardSigmoid", Inside).With("alpha", 0.3f).With("beta", 0.4f));
        yield return ("LeakyRelu default", Of("LeakyRelu", Apart));
        yield return (
            "com.microsoft.QuickGelu",
            new GradientCheck("QuickGelu", "com.microsoft").Operand([2, 7]).With("alpha", 1.5f)
        );
        yield return ("com.microsoft.Gelu", new GradientCheck("Gelu", "com.microsoft").Operand([2, 7]));
        yield return (
            "com.microsoft.FastGelu",
            new GradientCheck("FastGelu", "com.microsoft").Operand([2, 7]).Operand([7])
        );
        yield return ("com.microsoft.FastGelu plain", new GradientCheck("FastGelu", "com.microsoft").Operand([2, 7]));
        yield return (
            "com.microsoft.BiasGelu",
            new GradientCheck("BiasGelu", "com.microsoft").Operand([2, 7]).Operand([7])
        );
        yield return ("Dropout", Of("Dropout", 3, 4));
        yield return ("PRelu", Of("PRelu", Apart).Operand([5]));
        yield return ("Pow two operands", new GradientCheck("Pow").Operand([2, 3], Positive).Operand([4, 1, 3]));
        yield return ("Pow integers", new GradientCheck("Pow").Operand([2, 3]).List(3));
        yield return ("Sum", Of("Sum", 2, 3).Operand([3]).Operand([2, 1]));
        yield return ("Mean", Of("Mean", 2, 3).Operand([3]).Operand([2, 1]));
        yield return ("Max of three", Of("Max", 2, 3).Operand([3]).Operand([4, 2, 1]));
        yield return ("Min of one", Of("Min", 2, 3));
        yield return (
            "Clip bounds",
            new GradientCheck("Clip")
                .Operand([4, 5], x => MathF.Round(3 * x) + 0.5f)
                .Operand([], _ => -1)
                .Operand([], _ => 1.2f)
        );
        yield return ("Clip lower only", new GradientCheck("Clip").Operand([4, 5], x => 3 * x).Scalar(-1));
        yield return ("Add scalar left", Of("Add").Operand([2, 1, 3]));
        yield return ("Sub both", Of("Sub", 2, 1, 3).Operand([4, 1]));
        yield return ("Div scalar", new GradientCheck("Div").Operand([1]).Operand([2, 3], Positive));
        yield return (
            "Where scalar",
            new GradientCheck("Where").Truths([1, 0, 1], 3, 1).Operand([]).Operand([2, 3, 2])
        );
        yield return ("Softmax negative axis", Of("Softmax", 2, 3, 4).With("axis", -2));
        yield return ("Softmax default", Of("Softmax", 2, 3, 4));
        yield return ("LogSoftmax first axis", Of("LogSoftmax", 4, 3).With("axis", 0));
        yield return ("Gelu default", Of("Gelu", 2, 6));
        yield return ("CumSum exclusive", Of("CumSum", 3, 4).Numbers([-1]).With("exclusive", 1).With("reverse", 1));
    }

    private static IEnumerable<(string Name, GradientCheck Check)> Products()
    {
        yield return ("MatMul vectors", Of("MatMul", 5).Operand([5]));
        yield return ("MatMul vector left", Of("MatMul", 5).Operand([3, 5, 2]));
        yield return ("MatMul vector left of a matrix", Of("MatMul", 5).Operand([5, 2]));
        yield return ("MatMul broadcast left", Of("MatMul", 4, 5).Operand([3, 5, 2]));
        yield return ("MatMul broadcast both", Of("MatMul", 3, 1, 4, 5).Operand([1, 2, 5, 2]));
        yield return ("Gemm turned left", Of("Gemm", 5, 4).Operand([5, 3]).With("transA", 1).With("alpha", 1.5f));
        yield return (
            "Gemm scalar bias",
            Of("Gemm", 4, 5).Operand([3, 5]).Operand([]).With("transB", 1).With("beta", 0.5f)
        );
        yield return ("Gemm column bias", Of("Gemm", 4, 5).Operand([5, 3]).Operand([4, 1]));
        yield return ("Einsum ellipsis", Of("Einsum", 2, 3, 4, 5).Operand([5, 6]).With("equation", "...ij,jk->...ik"));
        yield return ("Einsum implicit", Of("Einsum", 3, 4).Operand([4, 5]).With("equation", "ij,jk"));
        yield return ("Einsum summed alone", Of("Einsum", 3, 4, 2).Operand([4, 5]).With("equation", "ijz,jk->ik"));
        yield return ("Einsum diagonal", Of("Einsum", 4, 4).With("equation", "ii->i"));
        yield return ("Einsum trace", Of("Einsum", 4, 4).With("equation", "ii"));
        yield return (
            "Einsum three",
            Of("Einsum", 2, 3).Operand([3, 4]).Operand([4, 2]).With("equation", "ab,bc,cd->ad")
        );
        yield return ("Einsum outer", Of("Einsum", 3).Operand([4]).With("equation", "i,j->ij"));
    }

    private static IEnumerable<(string Name, GradientCheck Check)> Windows()
    {
        yield return (
            "Conv same upper",
            Of("Conv", 2, 3, 5, 6).Operand([4, 3, 2, 3]).With("auto_pad", "SAME_UPPER").WithList("strides", 2, 1)
        );
        yield return (
            "Conv same lower",
            Of("Conv", 2, 3, 5, 6)
                .Operand([4, 3, 2, 4])
                .Operand([4])
                .With("auto_pad", "SAME_LOWER")
                .WithList("strides", 1, 2)
        );
        yield return (
            "Conv valid",
            Of("Conv", 1, 2, 5, 6).Operand([3, 2, 2, 2]).With("auto_pad", "VALID").WithList("strides", 3, 2)
        );
        yield return ("Conv defaults", Of("Conv", 1, 2, 5, 6).Operand([3, 2, 2, 3]));
        yield return (
            "Conv three axes",
            Of("Conv", 1, 4, 4, 3, 5)
                .Operand([4, 2, 2, 3, 1])
                .Operand([4])
                .With("group", 2)
                .WithList("pads", 1, 1, 0, 0, 1, 0)
                .WithList("strides", 2, 1, 2)
        );
        yield return ("Conv unreached", Of("Conv", 1, 2, 8, 7).Operand([3, 2, 2, 2]).WithList("strides", 3, 4));
        yield return (
            "Conv unreached in padding",
            Of("Conv", 1, 2, 6, 6).Operand([3, 2, 3, 3]).WithList("strides", 4, 3).WithList("pads", 1, 0, 2, 1)
        );
        yield return (
            "Conv grouped 1-D dilated",
            Of("Conv", 2, 4, 9).Operand([4, 2, 3]).With("group", 2).WithList("dilations", 2L).WithList("pads", 2, 1)
        );
        yield return ("ConvTranspose defaults", Of("ConvTranspose", 2, 3, 4, 3).Operand([3, 2, 2, 3]));
        yield return (
            "ConvTranspose output shape",
            Of("ConvTranspose", 1, 3, 4, 3)
                .Operand([3, 2, 3, 3])
                .WithList("strides", 2, 2)
                .WithList("output_shape", 8, 6)
        );
        yield return (
            "ConvTranspose same upper",
            Of("ConvTranspose", 1, 3, 4, 3)
                .Operand([3, 2, 3, 3])
                .WithList("strides", 2, 2)
                .With("auto_pad", "SAME_UPPER")
        );
        yield return (
            "ConvTranspose same lower",
            Of("ConvTranspose", 1, 3, 4, 3)
                .Operand([3, 2, 3, 3])
                .WithList("strides", 2, 2)
                .With("auto_pad", "SAME_LOWER")
        );
        yield return (
            "ConvTranspose dilated groups",
            Of("ConvTranspose", 1, 4, 3, 3)
                .Operand([4, 1, 2, 3])
                .Operand([2])
                .With("group", 2)
                .WithList("dilations", 3, 2)
                .WithList("pads", 1, 0, 1, 2)
                .WithList("strides", 2, 1)
                .WithList("output_padding", 1, 0)
        );
        yield return (
            "ConvTranspose 1-D",
            Of("ConvTranspose", 2, 3, 5).Operand([3, 2, 4]).Operand([2]).WithList("strides", 2L).WithList("pads", 1, 1)
        );
        yield return (
            "MaxPool overlapping",
            Of("MaxPool", 1, 2, 5, 6)
                .WithList("kernel_shape", 3, 2)
                .WithList("strides", 2, 1)
                .WithList("pads", 1, 0, 1, 1)
        );
        yield return (
            "MaxPool dilated ceiling",
            Of("MaxPool", 2, 1, 7, 6)
                .WithList("kernel_shape", 2, 2)
                .WithList("strides", 2, 3)
                .WithList("dilations", 2, 1)
                .With("ceil_mode", 1)
        );
        yield return ("MaxPool 1-D", Of("MaxPool", 2, 3, 7).WithList("kernel_shape", 3L).With("storage_order", 0));
        yield return (
            "AveragePool 1-D",
            Of("AveragePool", 2, 3, 7).WithList("kernel_shape", 3L).WithList("strides", 2L)
        );
        yield return (
            "AveragePool 3-D",
            Of("AveragePool", 1, 2, 4, 5, 3).WithList("kernel_shape", 2, 3, 2).WithList("pads", 0, 1, 1, 1, 0, 0)
        );
        yield return (
            "AveragePool ceiling",
            Of("AveragePool", 1, 2, 6, 5).WithList("kernel_shape", 3, 2).WithList("strides", 2, 2).With("ceil_mode", 1)
        );
        yield return (
            "AveragePool same",
            Of("AveragePool", 1, 2, 6, 5)
                .WithList("kernel_shape", 3, 2)
                .WithList("strides", 2, 1)
                .With("auto_pad", "SAME_LOWER")
                .With("count_include_pad", 1)
        );
        yield return ("GlobalMaxPool", Of("GlobalMaxPool", 2, 3, 4, 2));
        yield return ("GlobalAveragePool 1-D", Of("GlobalAveragePool", 2, 3, 4));
    }

    private static IEnumerable<(string Name, GradientCheck Check)> Norms()
    {
        yield return (
            "LayerNormalization negative axis",
            Of("LayerNormalization", 2, 3, 4).Operand([3, 4]).Operand([3, 4]).With("axis", -2)
        );
        yield return ("LayerNormalization defaults", Of("LayerNormalization", 2, 3, 4).Operand([4]).Operand([4]));
        yield return (
            "RMSNormalization two axes",
            Of("RMSNormalization", 2, 3, 4).Operand([3, 4]).With("axis", 1).With("epsilon", 0.1f)
        );
        yield return (
            "SimplifiedLayerNormalization",
            Of("SimplifiedLayerNormalization", 2, 3, 4).Operand([4]).With("axis", -1).With("epsilon", 1e-5f)
        );
        yield return ("InstanceNormalization 1-D", Of("InstanceNormalization", 2, 3, 7).Operand([3]).Operand([3]));
        yield return (
            "InstanceNormalization 3-D",
            Of("InstanceNormalization", 2, 3, 2, 3, 2).Operand([3]).Operand([3]).With("epsilon", 0.01f)
        );
        yield return (
            "GroupNormalization one group",
            Of("GroupNormalization", 2, 4, 3).Operand([4]).Operand([4]).With("num_groups", 1)
        );
        yield return (
            "BatchNormalization",
            Of("BatchNormalization", 2, 3, 4, 2)
                .Operand([3])
                .Operand([3])
                .Operand([3])
                .Operand([3], Positive)
                .With("epsilon", 0.01f)
        );
        yield return ("LpNormalization", Of("LpNormalization", 2, 3, 4).With("axis", 1));
        yield return ("LpNormalization of sums", Of("LpNormalization", Positive).With("p", 1).With("axis", -1));
        foreach (long interleaved in (long[])[0, 1])
        {
            yield return (
                $"RotaryEmbedding partial {interleaved}",
                Of("RotaryEmbedding", 2, 3, 4, 8)
                    .Operand([2, 4, 2])
                    .Operand([2, 4, 2])
                    .With("interleaved", interleaved)
                    .With("rotary_embedding_dim", 4)
            );
            yield return (
                $"RotaryEmbedding positions {interleaved}",
                Of("RotaryEmbedding", 2, 3, 2, 4)
                    .Operand([5, 2])
                    .Operand([5, 2])
                    .Numbers([0, 3, 3, 4], 2, 2)
                    .With("interleaved", interleaved)
            );
            yield return (
                $"RotaryEmbedding three axes {interleaved}",
                Of("RotaryEmbedding", 2, 3, 8)
                    .Operand([2, 3, 2])
                    .Operand([2, 3, 2])
                    .With("interleaved", interleaved)
                    .With("num_heads", 2)
            );
        }
    }

    private static IEnumerable<(string Name, GradientCheck Check)> Reductions()
    {
        string[] any =
        [
            "ReduceSum",
            "ReduceMean",
            "ReduceSumSquare",
            "ReduceL2",
            "ReduceLogSumExp",
            "ReduceMax",
            "ReduceMin",
            "ReduceProd",
        ];
        foreach (string opType in any)
        {
            yield return ($"{opType} negative axes", Of(opType, 2, 3, 4).List(-1, 0).With("keepdims", 0));
            yield return ($"{opType} all", Of(opType, 2, 3));
            yield return ($"{opType} empty axes", Of(opType, 2, 3).List().With("keepdims", 1));
            yield return ($"{opType} nothing", Of(opType, 2, 3).List().With("noop_with_empty_axes", 1));
        }
        yield return ("ReduceL1 nothing", Of("ReduceL1", Apart).List().With("noop_with_empty_axes", 1));
        yield return ("ReduceLogSum nothing", Of("ReduceLogSum", Positive).List().With("noop_with_empty_axes", 1));
        yield return ("ReduceL1", Of("ReduceL1", Apart).List(1));
        yield return ("ReduceLogSum", Of("ReduceLogSum", Positive).List(0).With("keepdims", 0));
    }

    private static IEnumerable<(string Name, GradientCheck Check)> Layouts()
    {
        yield return ("Reshape zero and rest", Of("Reshape", 2, 3, 4).List(0, -1));
        yield return ("Flatten first", Of("Flatten", 2, 3, 4).With("axis", 0));
        yield return ("Flatten negative", Of("Flatten", 2, 3, 4).With("axis", -1));
        yield return ("Transpose default", Of("Transpose", 2, 3, 4));
        yield return ("Squeeze all", Of("Squeeze", 1, 3, 1));
        yield return ("Unsqueeze negative", Of("Unsqueeze", 2, 3).List(-1, 0));
        yield return ("Concat negative", Of("Concat", 2, 3).Operand([2, 1]).With("axis", -1));
        yield return ("Split negative", Of("Split", 2, 6).With("axis", -1).With("num_outputs", 2).Results(2));
        yield return ("Split uneven", Of("Split", 7, 2).With("num_outputs", 3).Results(3));
        yield return ("Slice defaults", Of("Slice", 5, 4).List(1, -3).List(-1, int.MaxValue));
        yield return ("Slice beyond", Of("Slice", 5, 4).List(-100, 2).List(100, long.MaxValue).List(0, -1));
        yield return ("Slice steps negative axes", Of("Slice", 7, 9).List(1, -1).List(6, -8).List(-2, -1).List(2, -3));
        yield return ("Slice backwards whole", Of("Slice", 7).List(long.MaxValue).List(long.MinValue).List(0).List(-1));
        yield return ("Tile new extents", Of("Tile", 2, 1, 3).List(2, 3, 1));
        yield return ("Expand adds axes", Of("Expand", 3, 1).List(2, 1, 4));
        yield return ("Expand keeps", Of("Expand", 3, 2).List(1));
        yield return ("DepthToSpace default", Of("DepthToSpace", 1, 18, 2, 1).With("blocksize", 3));
        yield return ("SpaceToDepth three", Of("SpaceToDepth", 2, 1, 3, 6).With("blocksize", 3));
        yield return ("Trilu", Of("Trilu", 2, 3, 4));
        yield return ("Trilu lower shifted", Of("Trilu", 3, 4).Numbers([-1]).With("upper", 0));
        yield return ("Identity scalar", Of("Identity"));
    }

    private static IEnumerable<(string Name, GradientCheck Check)> Indices()
    {
        yield return ("Gather repeated", Of("Gather", 4, 3).Numbers([1, 1, -1, 0, 1, 1], 2, 3));
        yield return ("Gather inner axis", Of("Gather", 2, 5, 3).Numbers([4, 0, 4, -5], 2, 2).With("axis", -2));
        yield return ("Gather last axis", Of("Gather", 2, 5).Numbers([2, 2, 2], 3).With("axis", 1));
        yield return (
            "GatherElements repeated",
            Of("GatherElements", 3, 4).Numbers([0, 0, -1, 1, 1, 1], 3, 2).With("axis", -1)
        );
        yield return ("GatherND", Of("GatherND", 3, 4, 2).Numbers([0, 1, 2, -1, 0, 1], 3, 2));
        yield return (
            "GatherND two batches",
            Of("GatherND", 2, 3, 4, 2).Numbers([0, 1, 3, 2, 1, 1], 2, 3, 1).With("batch_dims", 2)
        );
        yield return ("ScatterND", Of("ScatterND", 5, 2).Numbers([4, 1], 2, 1).Operand([2, 2]));
        yield return (
            "ScatterND add",
            Of("ScatterND", 5, 2).Numbers([4, 1, 1], 3, 1).Operand([3, 2]).With("reduction", "add")
        );
        yield return (
            "ScatterElements",
            Of("ScatterElements", 3, 4).Numbers([0, -1, 2, 1], 2, 2).Operand([2, 2]).With("axis", 1)
        );
        yield return (
            "ScatterElements add",
            Of("ScatterElements", 3, 4).Numbers([0, 0, 2, 0], 2, 2).Operand([2, 2]).With("reduction", "add")
        );
    }

    private static IEnumerable<(string Name, GradientCheck Check)> Sorted()
    {
        yield return ("TopK", Of("TopK", 3, 5).List(2).Integers(1));
        yield return ("TopK smallest", Of("TopK", 4, 3).List(3).With("axis", 0).With("largest", 0).Integers(1));
    }

    private static IEnumerable<(string Name, GradientCheck Check)> Maps()
    {
        yield return ("Pad axes", Of("Pad", 2, 4, 5).List(1, 2, 0, 1).Scalar(2).List(-1, 0));
        yield return ("Pad takes away", Of("Pad", 4, 5).List(-1, 1, 2, -2));
        yield return ("Pad value", Of("Pad", 2, 3).List(1, 0, 0, 2).Operand([]));
        yield return ("Pad reflect", Of("Pad", 2, 4, 5).List(0, 2, 1, 0, 3, 4).With("mode", "reflect"));
        yield return ("Pad edge", Of("Pad", 4, 5).List(2, 0, 1, 3).With("mode", "edge"));
        yield return ("Pad wrap", Of("Pad", 4, 5).List(2, 0, 1, 3).With("mode", "wrap"));
        foreach (string coordinates in (string[])["half_pixel", "asymmetric", "align_corners", "pytorch_half_pixel"])
        {
            yield return (
                $"Resize linear {coordinates}",
                Of("Resize", 1, 2, 3, 5)
                    .LeftOut()
                    .LeftOut()
                    .List(1, 2, 7, 4)
                    .With("mode", "linear")
                    .With("coordinate_transformation_mode", coordinates)
            );
            yield return (
                $"Resize nearest {coordinates}",
                Of("Resize", 1, 2, 3, 5)
                    .LeftOut()
                    .LeftOut()
                    .List(1, 2, 7, 4)
                    .With("mode", "nearest")
                    .With("coordinate_transformation_mode", coordinates)
            );
        }
        yield return (
            "Resize cubic",
            Of("Resize", 1, 1, 4, 5).LeftOut().Singles(1, 1, 2, 1.6f).With("mode", "cubic").With("cubic_coeff_a", -0.5f)
        );
        yield return (
            "Resize antialias",
            Of("Resize", 1, 1, 8, 6).LeftOut().LeftOut().List(1, 1, 3, 4).With("mode", "linear").With("antialias", 1)
        );
        yield return (
            "Resize ceiling",
            Of("Resize", 1, 1, 3, 4)
                .LeftOut()
                .Singles(1, 1, 2.5f, 1.5f)
                .With("nearest_mode", "ceil")
                .With("coordinate_transformation_mode", "asymmetric")
        );
        yield return (
            "Resize whole scales",
            Of("Resize", 2, 1, 3, 4)
                .LeftOut()
                .Singles(3, 2)
                .WithList("axes", -1, 2)
                .With("mode", "nearest")
                .With("coordinate_transformation_mode", "asymmetric")
                .With("nearest_mode", "floor")
        );
        yield return (
            "Resize five axes",
            Of("Resize", 1, 1, 2, 3, 2).LeftOut().Singles(1, 1, 2, 2, 3).With("mode", "linear")
        );
    }
}
