using System.Text.Json;
using Qua2SeDiMo.Models;
using Qua2SeDiMo.Numerics;
using Qua2SeDiMo.Predictors.Data;
using Qua2SeDiMo.Predictors.Network;

namespace Qua2SeDiMo.Verification;

/// <summary>Reference cases of single layers: attention, batch norm, feature encoder, node selection.</summary>
internal static unsafe class PredictorLayerCases
{
    // Parameters whose exact gradient is zero because a batch normalisation follows.
    private static readonly string[] Noise =
    [
        "encoder.ratio.bias",
        "encoder.error.bias",
        "encoder.mix.linear0.bias",
        "encoder.mix.linear1.bias",
    ];

    public static List<VerificationResult> Attention(string name, SafetensorsFile arrays)
    {
        var results = new List<VerificationResult>();
        foreach (StoredArrays stored in StoredArrays.Sets(name, arrays, "attention_weights"))
            OneAttention(stored, results);
        return results;
    }

    public static List<VerificationResult> Norm(string name, SafetensorsFile arrays)
    {
        var results = new List<VerificationResult>();
        foreach (StoredArrays stored in StoredArrays.Sets(name, arrays, "running_mean"))
        {
            if (stored.Set.EndsWith(".train", StringComparison.Ordinal))
                continue;
            foreach (bool train in new[] { false, true })
                OneNorm(stored, train, results);
        }
        return results;
    }

    public static List<VerificationResult> Encoder(string name, JsonElement tables, SafetensorsFile arrays)
    {
        var results = new List<VerificationResult>();
        foreach (JsonProperty table in tables.EnumerateObject())
        {
            JsonElement shifts = table.Value.GetProperty("added_before_lookup");
            PositionColumn[] positions =
            [
                .. table
                    .Value.GetProperty("columns")
                    .EnumerateArray()
                    .Skip(4)
                    .Select(column => column.GetString()!)
                    .Select(column => new PositionColumn(
                        column,
                        table.Value.GetProperty("sizes").GetProperty(column).GetInt32(),
                        shifts.TryGetProperty(column, out JsonElement shift) ? shift.GetInt32() : 0
                    )),
            ];
            var stored = new StoredArrays($"{name}.{table.Name}", arrays, table.Name);
            int width = table.Value.GetProperty("output_size").GetInt32();
            foreach (bool train in new[] { false, true })
                OneEncoder(stored, train, positions, width, results);
        }
        return results;
    }

    public static List<VerificationResult> Selection(string name, int nodesPerGraph, SafetensorsFile arrays)
    {
        var results = new List<VerificationResult>();
        var stored = new StoredArrays(name, arrays);
        float[] h = arrays.ReadSingle("h");
        int rows = arrays.ReadInt64("graph").Length,
            graphs = rows / nodesPerGraph,
            width = h.Length / rows;
        int stride = MatrixProduct.Padded(width);
        IReadOnlyList<int>?[] hopNodes =
        [
            .. Enumerable
                .Range(0, PredictorTopology.HopCount)
                .Select(m =>
                    arrays.Tensors.ContainsKey($"hop{m}.nodes")
                        ? (IReadOnlyList<int>)[.. arrays.ReadInt64($"hop{m}.nodes").Select(v => (int)v)]
                        : null
                ),
        ];
        var structure = new GraphStructure([
            .. Enumerable.Repeat(
                (nodesPerGraph, (IReadOnlyList<(int, int)>)[], (IReadOnlyList<IReadOnlyList<int>?>)hopNodes),
                graphs
            ),
        ]);
        RowBatch batch = PredictorArrays.AllRows(structure, PredictorTopology.HopCount - 1);
        using FloatBuffer nodes = Padded(h, rows, width, stride),
            embedding = new((long)graphs * stride),
            slope = new((long)rows * stride);
        for (int m = 0; m < PredictorTopology.HopCount; m++)
        {
            if (!arrays.Tensors.ContainsKey($"hop{m}.output"))
                continue;
            NodeSelection.Forward(batch, m, 0, 1, nodes.Pointer, stride, embedding.Pointer);
            results.Add(stored.Compare($"hop{m}.output", Unpadded(embedding.Pointer, graphs, width, stride)));
            using FloatBuffer upstream = Padded(arrays.ReadSingle($"hop{m}.upstream"), graphs, width, stride);
            slope.Clear((long)rows * stride);
            for (int v = 0; v < rows; v++)
                NodeSelection.Backward(batch, m, v, upstream.Pointer, stride, slope.Pointer);
            results.Add(stored.Compare($"hop{m}.h.grad", Unpadded(slope.Pointer, rows, width, stride)));
        }
        return results;
    }

    internal static FloatBuffer Padded(ReadOnlySpan<float> values, int rows, int width, int stride)
    {
        var buffer = new FloatBuffer((long)rows * stride);
        for (int row = 0; row < rows; row++)
            values.Slice(row * width, width).CopyTo(buffer.Span(rows * stride)[(row * stride)..]);
        return buffer;
    }

    internal static float[] Unpadded(float* values, int rows, int width, int stride)
    {
        float[] result = new float[rows * width];
        for (int row = 0; row < rows; row++)
            new ReadOnlySpan<float>(values + ((long)row * stride), width).CopyTo(result.AsSpan(row * width));
        return result;
    }

    private static void OneAttention(StoredArrays stored, List<VerificationResult> results)
    {
        GraphStructure structure = AttentionGraph(stored);
        int nodes = structure.NodeCount,
            inWidth = (int)stored.Info("x").Shape[1],
            width = (int)stored.Info("bias").ElementCount;
        RowBatch batch = PredictorArrays.AllRows(structure, hops: 1);
        RowLevel below = batch.Levels[0],
            level = batch.Levels[1];
        var parameters = new PredictorParameters();
        using var layer = new GatV2Layer(parameters, stored.Set, inWidth, width);
        parameters.Load(stored.File.ReadSingle);
        Dense dense = layer.Linear;
        layer.Prepare(level, forTraining: true);
        using FloatBuffer x = Padded(stored.Read("x"), nodes, inWidth, dense.InStride);
        using FloatBuffer linear = new((long)nodes * dense.OutStride),
            output = new((long)nodes * layer.Stride);
        dense.Forward(x.Pointer, linear.Pointer, nodes);
        layer.Forward(structure, level, 0, nodes, linear.Pointer, output.Pointer);
        results.Add(stored.Compare("output", Unpadded(output.Pointer, nodes, width, layer.Stride)));
        results.Add(stored.Compare("attention_weights", EdgeWeights(stored, structure, level, layer)));

        using FloatBuffer upstream = Padded(stored.Read("upstream"), nodes, width, layer.Stride);
        using FloatBuffer pair = new((long)nodes * dense.OutStride),
            slope = new((long)nodes * dense.InStride);
        layer.BackwardScores(structure, level, 0, nodes, 0, linear.Pointer, upstream.Pointer);
        for (int v = 0; v < nodes; v++)
        {
            layer.BackwardNode(
                structure,
                level,
                below,
                v,
                upstream.Pointer,
                pair.Pointer + ((long)below.NodeStart[v] * dense.OutStride)
            );
        }
        dense.AddGradient(0, x.Pointer, pair.Pointer, nodes);
        dense.BackwardInput(pair.Pointer, slope.Pointer, nodes, add: false);
        layer.FinishGradient(1, constantsVanish: false);
        results.Add(stored.Compare("x.grad", Unpadded(slope.Pointer, nodes, inWidth, dense.InStride)));
        foreach (ParameterSlice slice in parameters.Slices)
        {
            results.Add(stored.Compare($"{slice.Name[(stored.Set.Length + 1)..]}.grad", parameters.GradientOf(slice)));
        }
    }

    private static GraphStructure AttentionGraph(StoredArrays stored)
    {
        int nodes = (int)stored.Info("x").Shape[0];
        (int, int)[] edges = PredictorArrays.Edges(stored.ReadIntegers("edges"));
        return new GraphStructure([(nodes, edges, new IReadOnlyList<int>?[PredictorTopology.HopCount])]);
    }

    private static float[] EdgeWeights(StoredArrays stored, GraphStructure structure, RowLevel level, GatV2Layer layer)
    {
        (int, int)[] edges = PredictorArrays.Edges(stored.ReadIntegers("attention_edges"));
        float[] weights = new float[edges.Length];
        for (int e = 0; e < edges.Length; e++)
        {
            (int source, int target) = edges[e];
            int slot =
                Array.IndexOf(structure.InNode, source, structure.InStart[target], structure.Degree(target))
                - structure.InStart[target];
            weights[e] = layer.Weights[level.InputStart[target] + slot];
        }
        return weights;
    }

    private static void OneNorm(StoredArrays stored, bool train, List<VerificationResult> results)
    {
        string mode = train ? "train" : "eval";
        int rows = (int)stored.Info("x").Shape[0],
            width = (int)stored.Info("x").Shape[1];
        var parameters = new PredictorParameters();
        using var norm = new BatchNorm(parameters, stored.Set, width);
        parameters.Load(stored.File.ReadSingle);
        int stride = norm.Stride;
        float[] counts = [.. Enumerable.Repeat(1f, rows)];
        using FloatBuffer x = Padded(stored.Read("x"), rows, width, stride),
            y = new((long)rows * stride);
        using FloatBuffer upstream = Padded(stored.Read("upstream"), rows, width, stride);
        if (train)
        {
            norm.ChunkStatistics(0, x.Pointer, counts);
            norm.FinishStatistics(1);
        }
        else
        {
            norm.UseRunningStatistics();
        }
        for (long row = 0; row < rows; row++)
            norm.NormalizeRow(x.Pointer + (row * stride), y.Pointer + (row * stride));
        results.Add(stored.Compare($"{mode}.output", Unpadded(y.Pointer, rows, width, stride)));
        norm.BeginSums(0);
        norm.SumRows(0, x.Pointer, upstream.Pointer, rows, relu: false);
        norm.FinishSums(1, train, rows);
        norm.BackwardRows(x.Pointer, upstream.Pointer, counts, upstream.Pointer, relu: false);
        results.Add(stored.Compare($"{mode}.x.grad", Unpadded(upstream.Pointer, rows, width, stride)));
        foreach (ParameterSlice slice in parameters.Slices)
        {
            string suffix = slice.Name[(stored.Set.Length + 1)..];
            if (slice.Trained)
                results.Add(stored.Compare($"{mode}.{suffix}.grad", parameters.GradientOf(slice)));
            else if (train)
                results.Add(stored.Compare($"train.{suffix}", parameters.Of(slice)));
        }
    }

    private static void OneEncoder(
        StoredArrays stored,
        bool train,
        PositionColumn[] positions,
        int width,
        List<VerificationResult> results
    )
    {
        string mode = train ? "train" : "eval";
        var parameters = new PredictorParameters();
        using var encoder = new NodeEncoder(parameters, positions, width);
        parameters.Load(stored.Read);
        float[] features = stored.Read("x");
        int rows = features.Length / encoder.FeatureCount;
        int[] chosen = [.. Enumerable.Range(0, rows)];
        encoder.Forward(features, chosen, [.. Enumerable.Repeat(1f, rows)], train);
        results.Add(stored.Compare($"{mode}.output", Unpadded(encoder.Output, rows, width, encoder.Stride)));
        using FloatBuffer upstream = Padded(stored.Read("upstream"), rows, width, encoder.Stride);
        encoder.Backward(features, chosen, upstream.Pointer, train);
        foreach (ParameterSlice slice in parameters.Slices)
        {
            if (train && Noise.Contains(slice.Name))
                continue;
            if (slice.Trained)
                results.Add(stored.Compare($"{mode}.grad.{slice.Name}", parameters.GradientOf(slice)));
            else if (train)
                results.Add(stored.Compare($"train.after.{slice.Name}", parameters.Of(slice)));
        }
    }
}
