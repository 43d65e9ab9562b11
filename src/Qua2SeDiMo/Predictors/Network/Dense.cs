using System.Numerics.Tensors;
using Qua2SeDiMo.Numerics;

namespace Qua2SeDiMo.Predictors.Network;

/// <summary>
/// y = W·x + b over rows. Several weights (parts) may read the same rows; their outputs are side by side, each padded
/// to a multiple of 32.
/// </summary>
internal sealed unsafe class Dense : IDisposable
{
    private readonly PredictorParameters parameters;
    private readonly (ParameterSlice Weight, ParameterSlice Bias)[] parts;
    private readonly int inWidth;
    private readonly int outWidth;
    private readonly int partStride;
    private readonly FloatBuffer forward = new();
    private readonly FloatBuffer backward = new();
    private readonly FloatBuffer bias;
    private readonly FloatBuffer partials = new();

    public Dense(PredictorParameters parameters, int inWidth, int outWidth, params string[] names)
    {
        this.parameters = parameters;
        this.inWidth = inWidth;
        this.outWidth = outWidth;
        InStride = MatrixProduct.Padded(inWidth);
        partStride = MatrixProduct.Padded(outWidth);
        OutStride = partStride * names.Length;
        parts =
        [
            .. names.Select(name =>
                (
                    parameters.Add($"{name}.weight", trained: true, outWidth, inWidth),
                    parameters.Add($"{name}.bias", trained: true, outWidth)
                )
            ),
        ];
        bias = new FloatBuffer(OutStride);
        forward.Reserve((long)inWidth * OutStride);
        backward.Reserve((long)OutStride * InStride);
        forward.Clear((long)inWidth * OutStride);
        backward.Clear((long)OutStride * InStride);
    }

    /// <summary>How the gradient of a bias is computed.</summary>
    public enum BiasGradient
    {
        /// <summary>Sum of the output gradients of its own part.</summary>
        Own,

        /// <summary>Sum of the output gradients of the last part, for biases whose gradients are equal in
        /// theory.</summary>
        OfLastPart,

        /// <summary>Zero, because a following batch normalisation removes the bias.</summary>
        Zero,
    }

    /// <summary>Floats between two input rows.</summary>
    public int InStride { get; }

    /// <summary>Floats between two output rows, all parts together.</summary>
    public int OutStride { get; }

    /// <summary>Multiplications and additions per row for output, weight gradient and input gradient, without
    /// padding.</summary>
    public double OperationsPerRow => 6.0 * inWidth * outWidth * parts.Length;

    /// <summary>Packs the current weights into panels; call once per step, before <see cref="Forward"/>.</summary>
    public void Pack(bool forTraining)
    {
        for (int part = 0; part < parts.Length; part++)
        {
            ReadOnlySpan<float> weight = parameters.Of(parts[part].Weight);
            MatrixProduct.Pack(weight, 1, inWidth, inWidth, outWidth, forward.Pointer, part * partStride, inWidth, 0);
            if (forTraining)
                MatrixProduct.Pack(
                    weight,
                    inWidth,
                    1,
                    outWidth,
                    inWidth,
                    backward.Pointer,
                    0,
                    OutStride,
                    part * partStride
                );
            parameters.Of(parts[part].Bias).CopyTo(bias.Span(OutStride)[(part * partStride)..]);
        }
    }

    /// <summary>y = W·x + b.</summary>
    public void Forward(float* x, float* y, int rows)
    {
        for (int row = 0; row < rows; row++)
            bias.Span(OutStride).CopyTo(new Span<float>(y + ((long)row * OutStride), OutStride));
        MatrixProduct.Multiply(
            x,
            InStride,
            1,
            forward.Pointer,
            (nint)MatrixProduct.PanelWidth * inWidth,
            MatrixProduct.PanelWidth,
            y,
            OutStride,
            rows,
            inWidth,
            OutStride,
            add: true
        );
    }

    /// <summary>dx = Wᵀ·dy, or dx += Wᵀ·dy.</summary>
    public void BackwardInput(float* dy, float* dx, int rows, bool add) =>
        MatrixProduct.Multiply(
            dy,
            OutStride,
            1,
            backward.Pointer,
            (nint)MatrixProduct.PanelWidth * OutStride,
            MatrixProduct.PanelWidth,
            dx,
            InStride,
            rows,
            OutStride,
            InStride,
            add
        );

    /// <summary>Clears the weight and bias gradients of the first chunks.</summary>
    public void BeginGradient(int chunks)
    {
        long length = (long)(inWidth + 1) * OutStride * chunks;
        partials.Reserve(length);
        partials.Clear(length);
    }

    /// <summary>Adds the rows of a chunk to its weight and bias gradients.</summary>
    public void AddGradient(int chunk, float* x, float* dy, int rows)
    {
        float* weight = partials.Pointer + ((long)(inWidth + 1) * OutStride * chunk);
        MatrixProduct.Multiply(
            x,
            1,
            InStride,
            dy,
            MatrixProduct.PanelWidth,
            OutStride,
            weight,
            OutStride,
            inWidth,
            rows,
            OutStride,
            add: true
        );
        var sums = new Span<float>(weight + ((long)inWidth * OutStride), OutStride);
        for (int row = 0; row < rows; row++)
            TensorPrimitives.Add(sums, new ReadOnlySpan<float>(dy + ((long)row * OutStride), OutStride), sums);
    }

    /// <summary>Adds the gradients of all chunks, in order, to those of the parameters.</summary>
    public void FinishGradient(int chunks, BiasGradient biasGradient = BiasGradient.Own)
    {
        int length = (inWidth + 1) * OutStride;
        Span<float> total = partials.Span(length);
        for (int chunk = 1; chunk < chunks; chunk++)
        {
            TensorPrimitives.Add(
                total,
                new ReadOnlySpan<float>(partials.Pointer + ((long)length * chunk), length),
                total
            );
        }
        for (int part = 0; part < parts.Length; part++)
        {
            Span<float> weight = parameters.GradientOf(parts[part].Weight),
                offset = parameters.GradientOf(parts[part].Bias);
            for (int o = 0; o < outWidth; o++)
            {
                int column = (part * partStride) + o;
                for (int i = 0; i < inWidth; i++)
                    weight[(o * inWidth) + i] += total[(i * OutStride) + column];
                if (biasGradient == BiasGradient.Zero)
                    continue;
                int from = biasGradient == BiasGradient.Own ? column : ((parts.Length - 1) * partStride) + o;
                offset[o] += total[(inWidth * OutStride) + from];
            }
        }
    }

    /// <summary>Draws weights, then biases, uniformly from ±bound. Bounds in use: 1/√in (PyTorch's Linear) and √(6/(in
    /// + out)) with zero biases (Glorot).</summary>
    public void Initialize(Pcg32 random, double bound, bool zeroBias)
    {
        foreach ((ParameterSlice weight, ParameterSlice offset) in parts)
        {
            foreach (ref float value in parameters.Of(weight))
                value = (float)(((2 * random.NextDouble()) - 1) * bound);
            foreach (ref float value in parameters.Of(offset))
                value = zeroBias ? 0 : (float)(((2 * random.NextDouble()) - 1) * bound);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        forward.Dispose();
        backward.Dispose();
        bias.Dispose();
        partials.Dispose();
    }
}
