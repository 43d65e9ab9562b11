using System.Runtime.Intrinsics;
using Qua2SeDiMo.Numerics;
using Qua2SeDiMo.Predictors.Data;

namespace Qua2SeDiMo.Predictors.Network;

/// <summary>
/// Graph attention, version 2, one head (Brody, Alon, Yahav, ICLR 2022): e(j→i) = a · LeakyReLU(s_j + t_i), s = W_s·h +
/// b_s, t = W_t·h + b_t; softmax over the inputs of i, itself included; output_i = Σ_j α(j→i)·s_j + bias. Each call
/// works on the rows of a range of nodes, so that no two threads write the same row.
/// </summary>
internal sealed unsafe class GatV2Layer : IDisposable
{
    // Number of edges whose exponentials are computed in one call.
    private const int BlockEdges = 48;
    private const int UnrolledStride = 64;
    private const int MaxInputs = 4096;

    private readonly PredictorParameters parameters;
    private readonly ParameterSlice attention,
        bias;
    private readonly FloatBuffer vectors;
    private readonly FloatBuffer partials;
    private readonly FloatBuffer weights = new(),
        slopes = new(),
        sides = new();
    private readonly int width;
    private bool keepsSides;

    public GatV2Layer(PredictorParameters parameters, string name, int inWidth, int width)
    {
        this.parameters = parameters;
        this.width = width;
        attention = parameters.Add($"{name}.attention", trained: true, 1, 1, width);
        bias = parameters.Add($"{name}.bias", trained: true, width);
        Linear = new Dense(parameters, inWidth, width, $"{name}.source", $"{name}.target");
        Stride = MatrixProduct.Padded(width);
        vectors = new FloatBuffer(2L * Stride);
        partials = new FloatBuffer(2L * Stride * RowLevel.ChunkCount);
    }

    /// <summary>Both linear maps: s in the first half of a row, t in the second.</summary>
    public Dense Linear { get; }

    /// <summary>Floats between two output rows.</summary>
    public int Stride { get; }

    /// <summary>Attention weight of each edge after <see cref="Forward"/>.</summary>
    public float* Weights => weights.Pointer;

    private bool Unrolled => Stride == UnrolledStride;

    private ushort* Sides => (ushort*)sides.Pointer;
    private float* Attention => vectors.Pointer;
    private float* Bias => vectors.Pointer + Stride;

    /// <summary>Copies the current parameters and reserves buffers; call once per step.</summary>
    public void Prepare(RowLevel level, bool forTraining)
    {
        Linear.Pack(forTraining);
        parameters.Of(attention).CopyTo(vectors.Span(2 * Stride));
        parameters.Of(bias).CopyTo(vectors.Span(2 * Stride)[Stride..]);
        weights.Reserve(level.EdgeCount);
        keepsSides = forTraining;
        if (!forTraining)
            return;
        slopes.Reserve(level.EdgeCount);
        sides.Reserve(((long)level.EdgeCount * AttentionRow.SideWords(Stride) * sizeof(ushort) / sizeof(float)) + 1);
        partials.Clear(2L * Stride * RowLevel.ChunkCount);
        Linear.BeginGradient(RowLevel.ChunkCount);
    }

    /// <summary>Computes the output rows of a range of nodes.</summary>
    /// <param name="structure">Edges.</param>
    /// <param name="level">Rows of this hop.</param>
    /// <param name="firstNode">First node.</param>
    /// <param name="endNode">Node after the last.</param>
    /// <param name="linear">Output of <see cref="Linear"/> for all rows of the level below.</param>
    /// <param name="output">Output rows, [row, channel].</param>
    public void Forward(
        GraphStructure structure,
        RowLevel level,
        int firstNode,
        int endNode,
        float* linear,
        float* output
    )
    {
        fixed (int* inputs = level.Inputs)
        {
            for (int v = firstNode; v < endNode; v++)
            {
                int degree = structure.Degree(v),
                    end = level.NodeStart[v + 1];
                if (degree > MaxInputs)
                    throw new PredictorFormatException(
                        $"Node {v} has {degree} inputs; at most {MaxInputs} are supported."
                    );
                int together = Math.Max(1, BlockEdges / degree);
                for (int row = level.NodeStart[v]; row < end; row += together)
                {
                    int edge = level.InputStart[v] + ((row - level.NodeStart[v]) * degree);
                    AttendRows(
                        inputs + edge,
                        edge,
                        degree,
                        Math.Min(together, end - row),
                        linear,
                        output + ((long)row * Stride)
                    );
                }
            }
        }
    }

    /// <summary>
    /// First half of the backward pass, over the rows of this hop: gradients of the scores, of a and of the bias.
    /// </summary>
    /// <param name="structure">Edges.</param>
    /// <param name="level">Rows of this hop.</param>
    /// <param name="firstNode">First node.</param>
    /// <param name="endNode">Node after the last.</param>
    /// <param name="chunk">Index of the partial sums for the gradients of a and of the bias.</param>
    /// <param name="linear">As in <see cref="Forward"/>.</param>
    /// <param name="upstream">Gradient of the output rows.</param>
    public void BackwardScores(
        GraphStructure structure,
        RowLevel level,
        int firstNode,
        int endNode,
        int chunk,
        float* linear,
        float* upstream
    )
    {
        float* attentionGradient = partials.Pointer + (2L * chunk * Stride);
        float* biasGradient = attentionGradient + Stride;
        fixed (int* inputs = level.Inputs)
        {
            for (int v = firstNode; v < endNode; v++)
            {
                int degree = structure.Degree(v);
                for (int row = level.NodeStart[v]; row < level.NodeStart[v + 1]; row++)
                {
                    int edge = level.InputStart[v] + ((row - level.NodeStart[v]) * degree);
                    float* gradient = upstream + ((long)row * Stride),
                        slope = slopes.Pointer + edge;
                    Add(biasGradient, gradient);
                    if (Unrolled)
                    {
                        AttentionRow.Slopes64(linear, inputs + edge, degree, weights.Pointer + edge, gradient, slope);
                        AttentionRow.AddActivations64(linear, inputs + edge, degree, slope, attentionGradient);
                    }
                    else
                    {
                        AttentionRow.Slopes(
                            linear,
                            inputs + edge,
                            degree,
                            weights.Pointer + edge,
                            gradient,
                            Stride,
                            slope
                        );
                        AttentionRow.AddActivations(linear, inputs + edge, degree, slope, Stride, attentionGradient);
                    }
                }
            }
        }
    }

    /// <summary>
    /// Second half, over the rows of the level below: gradients of <see cref="Linear"/>'s outputs for one node,
    /// gathered from all its readers, so that no two threads write the same row.
    /// </summary>
    /// <param name="structure">Edges.</param>
    /// <param name="level">Rows of this hop.</param>
    /// <param name="below">Rows of the level below.</param>
    /// <param name="node">The node whose rows of the level below get their gradient.</param>
    /// <param name="upstream">Gradient of the output rows of this hop.</param>
    /// <param name="result">Gradient rows of the node, beginning with its first row; overwritten.</param>
    public void BackwardNode(
        GraphStructure structure,
        RowLevel level,
        RowLevel below,
        int node,
        float* upstream,
        float* result
    )
    {
        int pair = 2 * Stride,
            first = below.NodeStart[node],
            words = AttentionRow.SideWords(Stride);
        bool unrolled = Unrolled;
        new Span<float>(result, (below.NodeStart[node + 1] - first) * pair).Clear();
        fixed (int* inputs = level.Inputs)
        {
            int ownDegree = structure.Degree(node);
            for (int row = level.NodeStart[node]; row < level.NodeStart[node + 1] && ownDegree > 1; row++)
            {
                int edge = level.InputStart[node] + ((row - level.NodeStart[node]) * ownDegree);
                AttentionRow.AddTarget(
                    Sides + ((long)edge * words),
                    ownDegree,
                    slopes.Pointer + edge,
                    Attention,
                    Stride,
                    result + ((long)(inputs[edge] - first) * pair) + Stride
                );
            }
            for (int o = structure.OutStart[node]; o < structure.OutStart[node + 1]; o++)
            {
                int reader = structure.OutNode[o],
                    degree = structure.Degree(reader);
                int edge = level.InputStart[reader] + structure.OutSlot[o],
                    rows = level.NodeStart[reader + 1] - level.NodeStart[reader];
                float* gradient = upstream + ((long)level.NodeStart[reader] * Stride);
                if (unrolled)
                    SourceRows64(inputs, edge, degree, rows, first, gradient, result);
                else
                    SourceRows(inputs, edge, degree, rows, first, gradient, result);
            }
        }
    }

    /// <summary>Adds the gradients of all chunks, in order, to those of the parameters.</summary>
    /// <param name="chunks">Chunks that were summed.</param>
    /// <param name="constantsVanish">
    /// Whether a batch normalisation follows. It removes constants, so the gradient of the bias is zero, and the source
    /// bias acts only through the scores, exactly as the target bias does: both get the target's gradient.
    /// </param>
    public void FinishGradient(int chunks, bool constantsVanish)
    {
        Linear.FinishGradient(chunks, constantsVanish ? Dense.BiasGradient.OfLastPart : Dense.BiasGradient.Own);
        Span<float> attentionGradient = parameters.GradientOf(attention),
            biasGradient = parameters.GradientOf(bias);
        for (int chunk = 0; chunk < chunks; chunk++)
        {
            float* from = partials.Pointer + ((long)chunk * 2 * Stride);
            for (int j = 0; j < width; j++)
            {
                attentionGradient[j] += from[j];
                if (!constantsVanish)
                    biasGradient[j] += from[Stride + j];
            }
        }
    }

    /// <summary>Draws the linear maps and the attention vector within Glorot's bounds; biases are zero.</summary>
    public void Initialize(Pcg32 random, int inWidth)
    {
        Linear.Initialize(random, Math.Sqrt(6.0 / (inWidth + width)), zeroBias: true);
        double bound = Math.Sqrt(6.0 / (1 + width));
        foreach (ref float value in parameters.Of(attention))
            value = (float)(((2 * random.NextDouble()) - 1) * bound);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Linear.Dispose();
        vectors.Dispose();
        partials.Dispose();
        weights.Dispose();
        slopes.Dispose();
        sides.Dispose();
    }

    private void SourceRows(int* inputs, int edge, int degree, int rows, int first, float* gradient, float* result)
    {
        int words = AttentionRow.SideWords(Stride);
        for (int row = 0; row < rows; row++, edge += degree, gradient += Stride)
        {
            AttentionRow.AddSource(
                Sides + ((long)edge * words),
                weights.Pointer[edge],
                slopes.Pointer[edge],
                gradient,
                Attention,
                Stride,
                result + ((long)(inputs[edge] - first) * 2 * Stride)
            );
        }
    }

    private void SourceRows64(int* inputs, int edge, int degree, int rows, int first, float* gradient, float* result)
    {
        ushort* side = Sides;
        float* alpha = weights.Pointer,
            slope = slopes.Pointer,
            attention = Attention;
        for (int row = 0; row < rows; row++, edge += degree, gradient += UnrolledStride)
        {
            AttentionRow.AddSource64(
                side + (4L * edge),
                alpha[edge],
                slope[edge],
                gradient,
                attention,
                result + ((long)(inputs[edge] - first) * 2 * UnrolledStride)
            );
        }
    }

    // Scores, softmax and weighted sum of adjacent rows of one node.
    private void AttendRows(int* inputs, int edge, int degree, int rows, float* linear, float* output)
    {
        float* alpha = weights.Pointer + edge;
        ushort* side = keepsSides ? Sides + ((long)edge * AttentionRow.SideWords(Stride)) : null;
        bool unrolled = Unrolled;
        for (int row = 0; row < rows; row++)
        {
            float* score = alpha + (row * degree);
            int* from = inputs + (row * degree);
            if (unrolled)
                AttentionRow.Scores64(linear, from, degree, Attention, score, side);
            else
                AttentionRow.Scores(linear, from, degree, Attention, Stride, score, side);
            if (side is not null)
                side += degree * AttentionRow.SideWords(Stride);
            float most = score[0];
            for (int k = 1; k < degree; k++)
                most = Math.Max(most, score[k]);
            for (int k = 0; k < degree; k++)
                score[k] -= most;
        }
        Exponentials(alpha, rows * degree);
        for (int row = 0; row < rows; row++)
        {
            float* share = alpha + (row * degree);
            float total = 0;
            for (int k = 0; k < degree; k++)
                total += share[k];
            for (int k = 0; k < degree; k++)
                share[k] /= total;
            if (unrolled)
                AttentionRow.Mix64(linear, inputs + (row * degree), degree, share, Bias, output + ((long)row * Stride));
            else
                AttentionRow.Mix(
                    linear,
                    inputs + (row * degree),
                    degree,
                    share,
                    Bias,
                    Stride,
                    output + ((long)row * Stride)
                );
        }
    }

    // The remainder also goes through the vector code, so that a result does not depend on the position in the array.
    private static void Exponentials(float* values, int count)
    {
        int i = 0;
        for (; i + Vector512<float>.Count <= count; i += Vector512<float>.Count)
            Vector512.Exp(Vector512.Load(values + i)).Store(values + i);
        if (i == count)
            return;
        float* rest = stackalloc float[Vector512<float>.Count];
        for (int k = 0; k < Vector512<float>.Count; k++)
            rest[k] = i + k < count ? values[i + k] : 0;
        Vector512.Exp(Vector512.Load(rest)).Store(rest);
        for (int k = 0; i + k < count; k++)
            values[i + k] = rest[k];
    }

    private void Add(float* sum, float* x)
    {
        for (int j = 0; j < Stride; j += Vector512<float>.Count)
            (Vector512.Load(sum + j) + Vector512.Load(x + j)).Store(sum + j);
    }
}
