using System.Runtime.Intrinsics;
using Qua2SeDiMo.Numerics;

namespace Qua2SeDiMo.Predictors;

/// <summary>
/// Graph attention, version 2, one head (Brody, Alon, Yahav, ICLR 2022): e(j→i) = a · LeakyReLU(s_j + t_i), s = W_s·h + b_s,
/// t = W_t·h + b_t; softmax over the inputs of i, itself included; output_i = Σ_j α(j→i)·s_j + bias.
/// Works on the rows of <see cref="RowLevel"/>, a range of nodes at a time, so that threads never write the same row.
/// </summary>
internal sealed unsafe class GatV2Layer : IDisposable
{
    private const float NegativeSlope = 0.2f;
    private const int MostInputs = 4096;

    private readonly PredictorParameters parameters;
    private readonly ParameterSlice attention, bias;
    private readonly FloatBuffer vectors;
    private readonly FloatBuffer partials;
    private readonly FloatBuffer weights = new(), slopes = new(), targetGradient = new();
    private readonly int width;

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

    /// <summary>Both linear maps: source in the first half of a row, target in the second.</summary>
    public Dense Linear { get; }

    /// <summary>Floats between two output rows.</summary>
    public int Stride { get; }

    /// <summary>Attention weight of each edge after <see cref="Forward"/>.</summary>
    public float* Weights => weights.Pointer;

    private float* Attention => vectors.Pointer;
    private float* Bias => vectors.Pointer + Stride;

    /// <summary>Copies the present parameters; once per step.</summary>
    public void Prepare(RowLevel level, bool forTraining)
    {
        Linear.Pack(forTraining);
        parameters.Of(attention).CopyTo(vectors.Span(2 * Stride));
        parameters.Of(bias).CopyTo(vectors.Span(2 * Stride)[Stride..]);
        weights.Reserve(level.EdgeCount);
        if (!forTraining) return;
        slopes.Reserve(level.EdgeCount);
        targetGradient.Reserve((long)level.RowCount * Stride);
        partials.Clear(2L * Stride * RowLevel.ChunkCount);
        Linear.BeginGradient(RowLevel.ChunkCount);
    }

    /// <summary>Output rows of a range of nodes.</summary>
    /// <param name="structure">Edges.</param>
    /// <param name="level">Rows of this hop.</param>
    /// <param name="firstNode">First node.</param>
    /// <param name="endNode">Node after the last.</param>
    /// <param name="linear">Output of <see cref="Linear"/> for all rows of the level below.</param>
    /// <param name="output">[row, channel].</param>
    public void Forward(GraphStructure structure, RowLevel level, int firstNode, int endNode, float* linear, float* output)
    {
        int pair = 2 * Stride;
        float* attention = Attention;
        fixed (int* inputs = level.Inputs)
        {
            for (int v = firstNode; v < endNode; v++)
            {
                int degree = structure.Degree(v);
                if (degree > MostInputs) throw new PredictorFormatException($"Node {v} has {degree} inputs; at most {MostInputs} are supported.");
                for (int row = level.NodeStart[v]; row < level.NodeStart[v + 1]; row++)
                {
                    int edge = level.InputStart[v] + ((row - level.NodeStart[v]) * degree);
                    float* target = linear + ((long)inputs[edge] * pair) + Stride;
                    float* alpha = weights.Pointer + edge;
                    float most = float.NegativeInfinity;
                    for (int k = 0; k < degree; k++)
                    {
                        alpha[k] = Score(linear + ((long)inputs[edge + k] * pair), target, attention, Stride);
                        most = Math.Max(most, alpha[k]);
                    }
                    float total = 0;
                    for (int k = 0; k < degree; k++) total += alpha[k] = MathF.Exp(alpha[k] - most);
                    for (int k = 0; k < degree; k++) alpha[k] /= total;
                    Mix(inputs + edge, alpha, degree, linear, output + ((long)row * Stride));
                }
            }
        }
    }

    /// <summary>
    /// First half of the backward pass, over the rows of this hop: slopes of the scores, gradients of a, of the bias and of the target
    /// map of each row.
    /// </summary>
    /// <param name="structure">Edges.</param>
    /// <param name="level">Rows of this hop.</param>
    /// <param name="firstNode">First node.</param>
    /// <param name="endNode">Node after the last.</param>
    /// <param name="chunk">Where to sum the gradients of a and of the bias.</param>
    /// <param name="linear">As in <see cref="Forward"/>.</param>
    /// <param name="upstream">Gradient of the output rows.</param>
    public void BackwardScores(GraphStructure structure, RowLevel level, int firstNode, int endNode, int chunk, float* linear, float* upstream)
    {
        int pair = 2 * Stride;
        float* attentionGradient = partials.Pointer + ((long)chunk * pair);
        float* biasGradient = attentionGradient + Stride;
        fixed (int* inputs = level.Inputs)
        {
            for (int v = firstNode; v < endNode; v++)
            {
                int degree = structure.Degree(v);
                for (int row = level.NodeStart[v]; row < level.NodeStart[v + 1]; row++)
                {
                    int edge = level.InputStart[v] + ((row - level.NodeStart[v]) * degree);
                    float* gradient = upstream + ((long)row * Stride);
                    float* alpha = weights.Pointer + edge;
                    float* slope = slopes.Pointer + edge;
                    float mean = 0;
                    for (int k = 0; k < degree; k++)
                    {
                        slope[k] = Dot(gradient, linear + ((long)inputs[edge + k] * pair), Stride);
                        mean += alpha[k] * slope[k];
                    }
                    for (int k = 0; k < degree; k++) slope[k] = alpha[k] * (slope[k] - mean);
                    for (int j = 0; j < Stride; j += 16) (Vector512.Load(biasGradient + j) + Vector512.Load(gradient + j)).Store(biasGradient + j);
                    TargetRow(inputs + edge, slope, degree, linear, attentionGradient, targetGradient.Pointer + ((long)row * Stride));
                }
            }
        }
    }

    /// <summary>
    /// Second half, over the rows of the level below: gradients of <see cref="Linear"/>'s outputs for a range of nodes. Gathers from
    /// every reader of a node, so that no two threads write the same row.
    /// </summary>
    /// <param name="structure">Edges.</param>
    /// <param name="level">Rows of this hop.</param>
    /// <param name="below">Rows of the level below.</param>
    /// <param name="node">The node of the level below.</param>
    /// <param name="linear">As in <see cref="Forward"/>.</param>
    /// <param name="upstream">Gradient of the output rows of this hop.</param>
    /// <param name="result">Gradient rows of the node, its first row at the start.</param>
    public void BackwardNode(GraphStructure structure, RowLevel level, RowLevel below, int node, float* linear, float* upstream, float* result)
    {
        int pair = 2 * Stride, first = below.NodeStart[node];
        new Span<float>(result, (below.NodeStart[node + 1] - first) * pair).Clear();
        fixed (int* inputs = level.Inputs)
        {
            int ownDegree = structure.Degree(node);
            for (int row = level.NodeStart[node]; row < level.NodeStart[node + 1]; row++)
            {
                int self = inputs[level.InputStart[node] + ((row - level.NodeStart[node]) * ownDegree)];
                Add(result + ((long)(self - first) * pair) + Stride, targetGradient.Pointer + ((long)row * Stride), Stride);
            }
            for (int o = structure.OutStart[node]; o < structure.OutStart[node + 1]; o++)
            {
                int reader = structure.OutNode[o], slot = structure.OutSlot[o], degree = structure.Degree(reader);
                for (int row = level.NodeStart[reader]; row < level.NodeStart[reader + 1]; row++)
                {
                    int edge = level.InputStart[reader] + ((row - level.NodeStart[reader]) * degree);
                    int source = inputs[edge + slot];
                    SourceRow(linear + ((long)source * pair), linear + ((long)inputs[edge] * pair) + Stride, upstream + ((long)row * Stride),
                        weights.Pointer[edge + slot], slopes.Pointer[edge + slot], result + ((long)(source - first) * pair));
                }
            }
        }
    }

    /// <summary>Adds the gradients of all chunks, in order, to the store.</summary>
    /// <param name="chunks">Chunks that were summed.</param>
    /// <param name="constantsVanish">
    /// Whether a normalisation by the batch follows. It removes any constant, so that the bias has no gradient, and the source bias only
    /// what it does through the scores, which is what the target bias does.
    /// </param>
    public void FinishGradient(int chunks, bool constantsVanish)
    {
        Linear.FinishGradient(chunks, constantsVanish ? Dense.BiasGradient.OfLastPart : Dense.BiasGradient.Own);
        Span<float> attentionGradient = parameters.GradientOf(attention), biasGradient = parameters.GradientOf(bias);
        for (int chunk = 0; chunk < chunks; chunk++)
        {
            float* from = partials.Pointer + ((long)chunk * 2 * Stride);
            for (int j = 0; j < width; j++)
            {
                attentionGradient[j] += from[j];
                if (!constantsVanish) biasGradient[j] += from[Stride + j];
            }
        }
    }

    /// <summary>Glorot's bounds for the linear maps and the attention vector, zero biases.</summary>
    public void Initialize(Pcg32 random, int inWidth)
    {
        Linear.Initialize(random, Math.Sqrt(6.0 / (inWidth + width)), zeroBias: true);
        double bound = Math.Sqrt(6.0 / (1 + width));
        foreach (ref float value in parameters.Of(attention)) value = (float)(((2 * random.NextDouble()) - 1) * bound);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Linear.Dispose();
        vectors.Dispose();
        partials.Dispose();
        weights.Dispose();
        slopes.Dispose();
        targetGradient.Dispose();
    }

    private static float Score(float* source, float* target, float* attention, int stride)
    {
        Vector512<float> sum = Vector512<float>.Zero;
        for (int j = 0; j < stride; j += 16)
        {
            Vector512<float> z = Vector512.Load(source + j) + Vector512.Load(target + j);
            sum = Vector512.FusedMultiplyAdd(Vector512.Max(z, z * NegativeSlope), Vector512.Load(attention + j), sum);
        }
        return Vector512.Sum(sum);
    }

    private static float Dot(float* x, float* y, int stride)
    {
        Vector512<float> sum = Vector512<float>.Zero;
        for (int j = 0; j < stride; j += 16) sum = Vector512.FusedMultiplyAdd(Vector512.Load(x + j), Vector512.Load(y + j), sum);
        return Vector512.Sum(sum);
    }

    private static void Add(float* sum, float* x, int stride)
    {
        for (int j = 0; j < stride; j += 16) (Vector512.Load(sum + j) + Vector512.Load(x + j)).Store(sum + j);
    }

    private void Mix(int* inputs, float* alpha, int degree, float* linear, float* output)
    {
        for (int j = 0; j < Stride; j += 16)
        {
            Vector512<float> sum = Vector512.Load(Bias + j);
            for (int k = 0; k < degree; k++)
            {
                sum = Vector512.FusedMultiplyAdd(Vector512.Create(alpha[k]), Vector512.Load(linear + ((long)inputs[k] * 2 * Stride) + j), sum);
            }
            sum.Store(output + j);
        }
    }

    // Σ_k slope_k · a ⊙ LeakyReLU'(s_k + t), and the gradient of a: Σ_k slope_k · LeakyReLU(s_k + t). The slopes of a softmax sum to
    // zero, so only inputs on the other side of the kink than the first count; said so, equal sides give exactly zero and not the
    // rounding noise that an adaptive optimizer would turn into steps.
    private void TargetRow(int* inputs, float* slope, int degree, float* linear, float* attentionGradient, float* result)
    {
        float* target = linear + ((long)inputs[0] * 2 * Stride) + Stride;
        for (int j = 0; j < Stride; j += 16)
        {
            Vector512<float> t = Vector512.Load(target + j);
            Vector512<float> z = Vector512.Load(linear + ((long)inputs[0] * 2 * Stride) + j) + t;
            Vector512<float> side = Vector512.GreaterThan(z, Vector512<float>.Zero), sum = Vector512<float>.Zero;
            Vector512<float> activation = Vector512.FusedMultiplyAdd(
                Vector512.Max(z, z * NegativeSlope), Vector512.Create(slope[0]), Vector512.Load(attentionGradient + j));
            for (int k = 1; k < degree; k++)
            {
                z = Vector512.Load(linear + ((long)inputs[k] * 2 * Stride) + j) + t;
                Vector512<float> times = Vector512.Create(slope[k]);
                sum += (side ^ Vector512.GreaterThan(z, Vector512<float>.Zero)) & times;
                activation = Vector512.FusedMultiplyAdd(Vector512.Max(z, z * NegativeSlope), times, activation);
            }
            Vector512<float> signed = Vector512.ConditionalSelect(side, -sum, sum);
            (signed * (1 - NegativeSlope) * Vector512.Load(Attention + j)).Store(result + j);
            activation.Store(attentionGradient + j);
        }
    }

    // What one reader sends back to a source: α·g + slope · a ⊙ LeakyReLU'(s + t).
    private void SourceRow(float* source, float* target, float* gradient, float alpha, float slope, float* result)
    {
        Vector512<float> share = Vector512.Create(alpha), steep = Vector512.Create(slope), flat = steep * NegativeSlope;
        for (int j = 0; j < Stride; j += 16)
        {
            Vector512<float> z = Vector512.Load(source + j) + Vector512.Load(target + j);
            Vector512<float> times = Vector512.ConditionalSelect(Vector512.GreaterThan(z, Vector512<float>.Zero), steep, flat);
            Vector512<float> sum = Vector512.FusedMultiplyAdd(times, Vector512.Load(Attention + j), Vector512.Load(result + j));
            Vector512.FusedMultiplyAdd(share, Vector512.Load(gradient + j), sum).Store(result + j);
        }
    }
}
