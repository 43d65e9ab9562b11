using System.Runtime.Intrinsics;
using Qua2SeDiMo.Numerics;
using Qua2SeDiMo.Predictors.Data;

namespace Qua2SeDiMo.Predictors.Network;

/// <summary>
/// The predictor network (method.md, section 6): encoder; four attention hops with batch norm, ReLU and residuals; the
/// mean over the chosen nodes of each hop; and the head. Forward and hand-written backward pass. Results do not depend
/// on the number of threads.
/// </summary>
internal sealed unsafe class PredictorNetwork : IDisposable
{
    private const int Hops = PredictorTopology.HopCount;

    // Number of rows per matrix product: enough to fill its tiles, few enough to stay in the second-level cache.
    private const int BlockRows = 64;
    private const int PoolParts = 4;

    private readonly NodeEncoder encoder;
    private readonly GatV2Layer[] layers = new GatV2Layer[Hops];
    private readonly BatchNorm[] norms = new BatchNorm[Hops];
    private readonly PredictionHead head;

    // Per hop: rows before the norm, node embeddings, both linear maps of the next hop, graph embeddings and their
    // gradient.
    private readonly FloatBuffer[] raw = Buffers(),
        nodes = Buffers(),
        linear = Buffers(),
        pooled = Buffers(),
        pooledGradient = Buffers();
    private readonly FloatBuffer nodeGradient = new(),
        lowerGradient = new();

    // Gradient before the batch norm of a hop.
    private readonly FloatBuffer rawGradient = new();
    private readonly FloatBuffer[] scratch =
    [
        .. Enumerable.Range(0, RowLevel.ChunkCount).Select(_ => new FloatBuffer()),
    ];
    private readonly ParallelOptions parallel;
    private RowBatch? batch;
    private bool trainMode;

    /// <summary>Creates the layers. Parameters are unset until <see cref="Initialize"/> or
    /// <see cref="PredictorParameters.Load"/>.</summary>
    public PredictorNetwork(PredictorShape shape, int threads = 0)
    {
        Shape = shape;
        Parameters = new PredictorParameters();
        encoder = new NodeEncoder(Parameters, shape.Positions, shape.EmbeddingWidth);
        for (int m = 1; m < Hops; m++)
        {
            layers[m] = new GatV2Layer(Parameters, $"hop{m}", m == 1 ? shape.EmbeddingWidth : shape.Width, shape.Width);
            norms[m] = new BatchNorm(Parameters, $"hop{m}.bn", shape.Width);
        }
        head = new PredictionHead(Parameters, shape.Width);
        parallel = new ParallelOptions { MaxDegreeOfParallelism = threads > 0 ? threads : Environment.ProcessorCount };
    }

    public PredictorShape Shape { get; }
    public PredictorParameters Parameters { get; }

    /// <summary>Prediction of each graph after <see cref="Forward"/>.</summary>
    public float[] Prediction { get; private set; } = [];

    /// <summary>Number of channels of a hop's embedding.</summary>
    public int WidthOf(int hop) => hop == 0 ? Shape.EmbeddingWidth : Shape.Width;

    /// <summary>Floats between two embeddings of a hop.</summary>
    public int StrideOf(int hop) => hop == 0 ? encoder.Stride : norms[hop].Stride;

    /// <summary>Graph embedding of a hop after <see cref="Forward"/>.</summary>
    public ReadOnlySpan<float> GraphEmbedding(int hop, int graph) =>
        new(pooled[hop].Pointer + ((long)graph * StrideOf(hop)), WidthOf(hop));

    /// <summary>Node embedding of a row of a hop after <see cref="Forward"/>.</summary>
    public ReadOnlySpan<float> NodeEmbedding(int hop, int row) =>
        new(NodeRows(hop) + ((long)row * StrideOf(hop)), WidthOf(hop));

    /// <summary>Gradient of a graph embedding: set to zero by <see cref="Forward"/>, filled by the caller before
    /// <see cref="Backward"/>.</summary>
    public Span<float> GraphEmbeddingGradient(int hop, int graph) =>
        new(pooledGradient[hop].Pointer + ((long)graph * StrideOf(hop)), WidthOf(hop));

    /// <summary>Draws the initial values of all parameters.</summary>
    public void Initialize(ulong seed)
    {
        var random = new Pcg32(seed);
        encoder.Initialize(random);
        for (int m = 1; m < Hops; m++)
            layers[m].Initialize(random, m == 1 ? Shape.EmbeddingWidth : Shape.Width);
        head.Initialize(random);
    }

    /// <summary>Computes embeddings and predictions of a batch.</summary>
    /// <param name="rows">The batch.</param>
    /// <param name="features">Raw feature table that the batch's level 0 refers to.</param>
    /// <param name="train">Whether to normalise by the batch's statistics and update the running ones; otherwise the
    /// running statistics are used.</param>
    /// <param name="lastHop">Last hop to compute; below the highest, graph embeddings and predictions are left
    /// out.</param>
    public void Forward(RowBatch rows, ReadOnlySpan<float> features, bool train, int lastHop = Hops - 1)
    {
        batch = rows;
        trainMode = train;
        RowLevel[] levels = rows.Levels;
        encoder.Forward(
            features,
            rows.Features.AsSpan(0, levels[0].RowCount),
            levels[0].Count.AsSpan(0, levels[0].RowCount),
            train
        );
        for (int m = 1; m <= lastHop; m++)
        {
            Reserve(m, train);
            int hop = m;
            ForChunks(chunk => Linear(hop, chunk));
            ForChunks(chunk => Attend(hop, chunk), backwards: true);
            if (train)
                norms[m].FinishStatistics(RowLevel.ChunkCount);
            else
                norms[m].UseRunningStatistics();
        }
        int last = lastHop;
        if (last > 0)
            ForChunks(chunk => Activate(last, chunk));
        if (lastHop < Hops - 1)
            return;
        Pool();
        if (Prediction.Length != rows.GraphCount)
            Prediction = new float[rows.GraphCount];
        head.Forward(pooled[Hops - 1].Pointer, rows.GraphCount, Prediction, train);
    }

    /// <summary>
    /// Adds the gradients of all parameters, given the gradient of the predictions and the
    /// <see cref="GraphEmbeddingGradient"/>s that the caller filled.
    /// </summary>
    public void Backward(ReadOnlySpan<float> features, ReadOnlySpan<float> predictionGradient)
    {
        RowLevel[] levels = batch!.Levels;
        head.Backward(pooled[Hops - 1].Pointer, batch.GraphCount, predictionGradient, pooledGradient[Hops - 1].Pointer);
        double total = (double)batch.Structure.NodeCount * batch.Replicas;
        long most = levels.Max(level => (long)level.RowCount) * Math.Max(encoder.Stride, norms[1].Stride);
        nodeGradient.Reserve(most);
        lowerGradient.Reserve(most);
        rawGradient.Reserve(most);
        FloatBuffer upper = nodeGradient,
            lower = lowerGradient;
        ForChunks(chunk => StartGradient(chunk, nodeGradient.Pointer));
        for (int m = Hops - 1; m >= 1; m--)
        {
            norms[m].FinishSums(RowLevel.ChunkCount, trainMode, total);
            int hop = m;
            float* above = upper.Pointer,
                below = lower.Pointer;
            ForChunks(chunk => BackwardRows(hop, chunk, above));
            ForChunks(chunk => BackwardNodes(hop, chunk, above, below), backwards: true);
            layers[m].FinishGradient(RowLevel.ChunkCount, constantsVanish: trainMode);
            (upper, lower) = (lower, upper);
        }
        encoder.Backward(features, batch.Features.AsSpan(0, levels[0].RowCount), upper.Pointer, trainMode);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        encoder.Dispose();
        head.Dispose();
        for (int m = 1; m < Hops; m++)
        {
            layers[m].Dispose();
            norms[m].Dispose();
        }
        foreach (
            FloatBuffer buffer in (FloatBuffer[])
                [
                    .. raw,
                    .. nodes,
                    .. linear,
                    .. pooled,
                    .. pooledGradient,
                    .. scratch,
                    rawGradient,
                    nodeGradient,
                    lowerGradient,
                ]
        )
        {
            buffer.Dispose();
        }
    }

    private static FloatBuffer[] Buffers() => [.. Enumerable.Range(0, Hops).Select(_ => new FloatBuffer())];

    // Passes alternate in direction: each begins with the chunk that the pass before left in the cache.
    private void ForChunks(Action<int> body, bool backwards = false)
    {
        Action<int> ordered = backwards ? chunk => body(RowLevel.ChunkCount - 1 - chunk) : body;
        if (parallel.MaxDegreeOfParallelism == 1)
        {
            for (int chunk = 0; chunk < RowLevel.ChunkCount; chunk++)
                ordered(chunk);
            return;
        }
        Parallel.For(0, RowLevel.ChunkCount, parallel, ordered);
    }

    private float* NodeRows(int hop) => hop == 0 ? encoder.Output : nodes[hop].Pointer;

    private void Reserve(int hop, bool train)
    {
        RowLevel level = batch!.Levels[hop],
            below = batch.Levels[hop - 1];
        layers[hop].Prepare(level, train);
        linear[hop].Reserve((long)below.RowCount * layers[hop].Linear.OutStride);
        raw[hop].Reserve((long)level.RowCount * StrideOf(hop));
        nodes[hop].Reserve((long)level.RowCount * StrideOf(hop));
    }

    // Finishes the embeddings of the hop below and applies this hop's linear maps, a few nodes at a time, while the
    // embeddings are in cache.
    private void Linear(int hop, int chunk)
    {
        RowLevel below = batch!.Levels[hop - 1];
        Dense dense = layers[hop].Linear;
        int first = below.NodeStart[below.ChunkStart[chunk]],
            end = below.NodeStart[below.ChunkStart[chunk + 1]];
        if (hop == 1)
        {
            dense.Forward(
                encoder.Output + ((long)first * dense.InStride),
                linear[1].Pointer + ((long)first * dense.OutStride),
                end - first
            );
            return;
        }
        for (int node = below.ChunkStart[chunk]; node < below.ChunkStart[chunk + 1]; node++)
        {
            ActivateNode(hop - 1, node);
            int done = below.NodeStart[node + 1];
            if (done - first < BlockRows && node + 1 < below.ChunkStart[chunk + 1])
                continue;
            dense.Forward(
                nodes[hop - 1].Pointer + ((long)first * dense.InStride),
                linear[hop].Pointer + ((long)first * dense.OutStride),
                done - first
            );
            first = done;
        }
    }

    private void Activate(int hop, int chunk)
    {
        RowLevel level = batch!.Levels[hop];
        for (int node = level.ChunkStart[chunk]; node < level.ChunkStart[chunk + 1]; node++)
            ActivateNode(hop, node);
    }

    // h_m = ReLU(norm(raw)), plus h_{m−1} of the same node from the second hop on.
    private void ActivateNode(int hop, int node)
    {
        RowLevel level = batch!.Levels[hop];
        long stride = StrideOf(hop);
        int degree = batch.Structure.Degree(node);
        for (int row = level.NodeStart[node]; row < level.NodeStart[node + 1]; row++)
        {
            float* residual =
                hop == 1
                    ? null
                    : nodes[hop - 1].Pointer
                        + (level.Inputs[level.InputStart[node] + ((row - level.NodeStart[node]) * degree)] * stride);
            norms[hop]
                .NormalizeReluRow(raw[hop].Pointer + (row * stride), residual, nodes[hop].Pointer + (row * stride));
        }
    }

    private void Attend(int hop, int chunk)
    {
        RowLevel level = batch!.Levels[hop];
        int first = level.NodeStart[level.ChunkStart[chunk]],
            end = level.NodeStart[level.ChunkStart[chunk + 1]];
        layers[hop]
            .Forward(
                batch.Structure,
                level,
                level.ChunkStart[chunk],
                level.ChunkStart[chunk + 1],
                linear[hop].Pointer,
                raw[hop].Pointer
            );
        if (trainMode)
            norms[hop]
                .ChunkStatistics(
                    chunk,
                    raw[hop].Pointer + ((long)first * StrideOf(hop)),
                    level.Count.AsSpan(first, end - first)
                );
    }

    private void Pool()
    {
        int graphs = batch!.GraphCount;
        for (int m = 0; m < Hops; m++)
        {
            long length = (long)graphs * StrideOf(m);
            pooled[m].Reserve(length);
            pooledGradient[m].Reserve(length);
            pooledGradient[m].Clear(length);
        }
        Parallel.For(
            0,
            PoolParts,
            parallel,
            part =>
            {
                int first = batch.Replicas * part / PoolParts,
                    end = batch.Replicas * (part + 1) / PoolParts;
                for (int m = 0; m < Hops; m++)
                    NodeSelection.Forward(batch, m, first, end, NodeRows(m), StrideOf(m), pooled[m].Pointer);
            }
        );
    }

    private void StartGradient(int chunk, float* result)
    {
        RowLevel level = batch!.Levels[Hops - 1];
        norms[Hops - 1].BeginSums(chunk);
        for (int node = level.ChunkStart[chunk]; node < level.ChunkStart[chunk + 1]; node++)
        {
            long first = level.NodeStart[node],
                stride = StrideOf(Hops - 1);
            new Span<float>(result + (first * stride), (level.NodeStart[node + 1] - (int)first) * (int)stride).Clear();
            FinishNode(Hops - 1, chunk, node, result);
        }
    }

    // Adds the gradient of the graph embeddings to a node's rows, then adds the rows to the sums of the batch norm.
    private void FinishNode(int hop, int chunk, int node, float* gradient)
    {
        RowLevel level = batch!.Levels[hop];
        long stride = StrideOf(hop);
        NodeSelection.Backward(batch, hop, node, pooledGradient[hop].Pointer, (int)stride, gradient);
        if (hop == 0)
            return;
        long first = level.NodeStart[node];
        norms[hop]
            .SumRows(
                chunk,
                raw[hop].Pointer + (first * stride),
                gradient + (first * stride),
                level.NodeStart[node + 1] - (int)first,
                relu: true
            );
    }

    private void BackwardRows(int hop, int chunk, float* gradient)
    {
        RowLevel level = batch!.Levels[hop];
        long stride = StrideOf(hop);
        int firstNode = level.ChunkStart[chunk],
            endNode = level.ChunkStart[chunk + 1];
        for (int node = firstNode; node < endNode; node++)
        {
            int first = level.NodeStart[node];
            long at = first * stride;
            norms[hop]
                .BackwardRows(
                    raw[hop].Pointer + at,
                    gradient + at,
                    level.Count.AsSpan(first, level.NodeStart[node + 1] - first),
                    rawGradient.Pointer + at,
                    relu: true
                );
            layers[hop]
                .BackwardScores(
                    batch.Structure,
                    level,
                    node,
                    node + 1,
                    chunk,
                    linear[hop].Pointer,
                    rawGradient.Pointer
                );
        }
    }

    // Gradient of the level below: through the attention and its linear maps, through the residual connection, and from
    // the graph embeddings.
    private void BackwardNodes(int hop, int chunk, float* above, float* below)
    {
        GraphStructure structure = batch!.Structure;
        RowLevel level = batch.Levels[hop],
            lower = batch.Levels[hop - 1];
        GatV2Layer layer = layers[hop];
        Dense dense = layer.Linear;
        long stride = StrideOf(hop - 1);
        if (hop > 1)
            norms[hop - 1].BeginSums(chunk);
        int endNode = lower.ChunkStart[chunk + 1];
        for (int start = lower.ChunkStart[chunk], end; start < endNode; start = end)
        {
            int first = lower.NodeStart[start];
            for (end = start + 1; end < endNode && lower.NodeStart[end] - first < BlockRows; )
                end++;
            int rows = lower.NodeStart[end] - first;
            float* pair = scratch[chunk].Reserve((long)rows * dense.OutStride);
            for (int node = start; node < end; node++)
            {
                layer.BackwardNode(
                    structure,
                    level,
                    lower,
                    node,
                    rawGradient.Pointer,
                    pair + ((long)(lower.NodeStart[node] - first) * dense.OutStride)
                );
            }
            dense.AddGradient(chunk, NodeRows(hop - 1) + (first * stride), pair, rows);
            dense.BackwardInput(pair, below + (first * stride), rows, add: false);
            for (int node = start; node < end; node++)
            {
                if (hop > 1)
                    AddResidual(level, structure.Degree(node), node, above, below, stride);
                FinishNode(hop - 1, chunk, node, below);
            }
        }
    }

    private static void AddResidual(RowLevel level, int degree, int node, float* above, float* below, long stride)
    {
        for (int row = level.NodeStart[node]; row < level.NodeStart[node + 1]; row++)
        {
            float* from = above + (row * stride);
            float* to =
                below + (level.Inputs[level.InputStart[node] + ((row - level.NodeStart[node]) * degree)] * stride);
            for (int j = 0; j < stride; j += Vector512<float>.Count)
                (Vector512.Load(to + j) + Vector512.Load(from + j)).Store(to + j);
        }
    }
}
