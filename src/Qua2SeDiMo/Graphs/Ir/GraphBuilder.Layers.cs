using Qua2SeDiMo.Kernels.Codes;
using Qua2SeDiMo.Models;

namespace Qua2SeDiMo.Graphs.Ir;

internal sealed partial class GraphBuilder
{
    /// <summary>y = x·Wᵀ + b over the last axis. The weight enters as [in, out] and is registered as
    /// quantizable.</summary>
    /// <param name="module">Path of the linear layer below the current scope.</param>
    /// <param name="x">Input, […, in].</param>
    /// <param name="outFeatures">Extent of the last axis of the result.</param>
    /// <param name="bias">Whether the layer has a bias.</param>
    public GraphValue Linear(string module, GraphValue x, long outFeatures, bool bias = true) =>
        LinearOfConcat(module, [x], outFeatures, bias);

    /// <summary>
    /// A linear layer on the concatenation of several values along the last axis. The weight is cut along its input
    /// channels where the values join: each part is a separate quantizable weight, and the partial products are added.
    /// </summary>
    public GraphValue LinearOfConcat(string module, IReadOnlyList<GraphValue> parts, long outFeatures, bool bias = true)
    {
        using ModuleScope entered = Scope(module);
        long[] inputs = [.. parts.Select(part => part[-1].Size)];
        GraphValue[] cuts = WeightParts(WeightOperator.Linear, [outFeatures, inputs.Sum()], inputs);
        GraphValue y = MatMul(parts[0], cuts[0]);
        for (int i = 1; i < cuts.Length; i++)
            y = Add(y, MatMul(parts[i], cuts[i]));
        return bias ? Add(y, Parameter("bias", outFeatures)) : y;
    }

    /// <summary>Two-dimensional convolution of [batch, in, height, width] of fixed size. The weight is registered as
    /// quantizable.</summary>
    /// <param name="module">Path of the layer below the current scope.</param>
    /// <param name="x">Input images.</param>
    /// <param name="outChannels">Channels of the result.</param>
    /// <param name="kernel">Height and width of the kernel.</param>
    /// <param name="stride">Step along both axes.</param>
    /// <param name="padding">Zeros on all four sides.</param>
    /// <param name="bias">Whether the layer has a bias.</param>
    /// <param name="groups">Number of channel groups.</param>
    public GraphValue Conv2d(
        string module,
        GraphValue x,
        long outChannels,
        int kernel,
        int stride = 1,
        int padding = 0,
        bool bias = true,
        int groups = 1
    )
    {
        using ModuleScope entered = Scope(module);
        long inputs = x[1].Size / groups;
        GraphValue weight = WeightParts(WeightOperator.Conv2d, [outChannels, inputs, kernel, kernel], [inputs])[0];
        return Convolve(x, weight, bias ? Parameter("bias", outChannels) : null, stride, padding, groups);
    }

    /// <summary>A convolution of the concatenation of several values along the channels, split like
    /// <see cref="LinearOfConcat"/>.</summary>
    public GraphValue Conv2dOfConcat(
        string module,
        IReadOnlyList<GraphValue> parts,
        long outChannels,
        int kernel,
        int padding = 0,
        bool bias = true
    )
    {
        using ModuleScope entered = Scope(module);
        long[] inputs = [.. parts.Select(part => part[1].Size)];
        GraphValue[] cuts = WeightParts(WeightOperator.Conv2d, [outChannels, inputs.Sum(), kernel, kernel], inputs);
        GraphValue y = Convolve(parts[0], cuts[0], bias ? Parameter("bias", outChannels) : null, 1, padding, 1);
        for (int i = 1; i < cuts.Length; i++)
            y = Add(y, Convolve(parts[i], cuts[i], null, 1, padding, 1));
        return y;
    }

    /// <summary>Rows of an embedding table: indices […] give […, width]. Tables are not quantized.</summary>
    public GraphValue Embedding(string module, GraphValue indices, long rows, long width)
    {
        using ModuleScope entered = Scope(module);
        return Gather(Parameter("weight", rows, width), indices);
    }

    /// <summary>Layer norm over the last axis: mean 0, variance 1, then scale and shift.</summary>
    /// <param name="module">Path of the norm below the current scope.</param>
    /// <param name="x">Value to normalise over its last axis.</param>
    /// <param name="epsilon">Added to the variance.</param>
    /// <param name="affine">Whether the norm has a weight.</param>
    /// <param name="bias">Whether an affine norm has a bias too.</param>
    public GraphValue LayerNorm(string module, GraphValue x, double epsilon, bool affine = true, bool bias = true)
    {
        using ModuleScope entered = Scope(module);
        long width = x[-1].Size;
        GraphValue scale = affine ? Parameter("weight", width) : Constant(Filled(width, 1f), width);
        // The bias is optional in ONNX, but ONNX Runtime 1.31 crashes when it fuses a residual sum with a norm that has
        // none.
        GraphValue shift = affine && bias ? Parameter("bias", width) : Constant(Filled(width, 0f), width);
        return Record(
            "LayerNormalization",
            [x, scale, shift],
            x.Type,
            x.Shape,
            new GraphAttribute.Whole("axis", -1),
            new GraphAttribute.Real("epsilon", (float)epsilon)
        );
    }

    /// <summary>Root-mean-square norm over the last axis: no mean, no shift.</summary>
    /// <param name="module">Path of the norm below the current scope.</param>
    /// <param name="x">Value to normalise over its last axis.</param>
    /// <param name="epsilon">Added to the mean square.</param>
    /// <param name="affine">Whether the norm has a weight.</param>
    public GraphValue RmsNorm(string module, GraphValue x, double epsilon, bool affine = true)
    {
        using ModuleScope entered = Scope(module);
        long width = x[-1].Size;
        GraphValue scale = affine ? Parameter("weight", width) : Constant(Filled(width, 1f), width);
        return Record(
            "RMSNormalization",
            [x, scale],
            x.Type,
            x.Shape,
            new GraphAttribute.Whole("axis", -1),
            new GraphAttribute.Real("epsilon", (float)epsilon)
        );
    }

    /// <summary>Group norm of [batch, channels, …]: mean 0 and variance 1 over each group of channels, then scale and
    /// shift per channel.</summary>
    public GraphValue GroupNorm(string module, GraphValue x, int groups, double epsilon)
    {
        using ModuleScope entered = Scope(module);
        long channels = x[1].Size;
        if (groups < 1 || channels % groups != 0)
        {
            throw new ParameterException(
                $"{tensors}: the norm '{CurrentScope}' is to have {groups} groups of {channels} channels, which "
                    + "do not divide; see norm_num_groups in the configuration."
            );
        }
        long perGroup = x.Shape.Skip(1).Aggregate(1L, (product, extent) => checked(product * extent.Size)) / groups;
        GraphValue grouped = Reshape(x, x.Shape[0], groups, perGroup);
        GraphValue normal = Record(
            "InstanceNormalization",
            [grouped, Constant(Filled(groups, 1f), groups), Constant(Filled(groups, 0f), groups)],
            x.Type,
            grouped.Shape,
            new GraphAttribute.Real("epsilon", (float)epsilon)
        );
        long[] perChannel = [channels, .. Enumerable.Repeat(1L, x.Rank - 2)];
        GraphValue scaled = Multiply(Reshape(normal, x.Shape), Parameter("weight", perChannel));
        return Add(scaled, Parameter("bias", perChannel));
    }

    private GraphValue Convolve(GraphValue x, GraphValue weight, GraphValue? bias, int stride, int padding, int groups)
    {
        long[] kernel = [weight.Shape[2].Size, weight.Shape[3].Size];
        long Extent(long size, long taps) =>
            size + (2L * padding) >= taps
                ? ((size + (2L * padding) - taps) / stride) + 1
                : throw new ParameterException(
                    $"{name}: '{CurrentScope}' has a kernel of {taps}, larger than its padded input {x}; the "
                        + "requested size is too small for this model."
                );
        return Record(
            "Conv",
            [x, weight, bias],
            x.Type,
            [x.Shape[0], weight.Shape[0], Extent(x[2].Size, kernel[0]), Extent(x[3].Size, kernel[1])],
            new GraphAttribute.Wholes("kernel_shape", kernel),
            new GraphAttribute.Wholes("strides", [stride, stride]),
            new GraphAttribute.Wholes("pads", [padding, padding, padding, padding]),
            new GraphAttribute.Whole("group", groups)
        );
    }

    // The weight of the current scope, cut along its input channels; each part is registered at its first use only.
    private GraphValue[] WeightParts(WeightOperator kind, long[] shape, long[] inputCounts)
    {
        string path = Below("weight");
        TensorInfo tensor = FindWithShape(path, shape);
        var parts = new GraphValue[inputCounts.Length];
        long start = 0;
        for (int i = 0; i < parts.Length; i++)
        {
            string suffix = i == 0 ? "" : $"#{i}";
            if (!values.TryGetValue(path + suffix, out parts[i]!))
            {
                long count = inputCounts[i];
                long[] partShape = [shape[0], count, .. shape.Skip(2)];
                bool transposed = kind == WeightOperator.Linear;
                var initializer = new Initializer.FromTensor(
                    path + suffix,
                    ElementType.Float32,
                    transposed ? [count, shape[0]] : partShape,
                    tensor.Name,
                    shape,
                    transposed,
                    start,
                    count
                );
                parts[i] = Add(initializer);
                weights.Add(
                    new GraphWeight(
                        new QuantizableWeight(scope + suffix, kind, partShape, tensor.Name, start, shape[1]),
                        initializer
                    )
                );
            }
            start += inputCounts[i];
        }
        return parts;
    }

    private static float[] Filled(long count, float value)
    {
        float[] data = new float[count];
        Array.Fill(data, value);
        return data;
    }
}
