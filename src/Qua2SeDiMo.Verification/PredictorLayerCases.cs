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
        foreach (string set in Sets(arrays, ".attention_weights"))
            OneAttention($"{name}.{set}", set, arrays, results);
        return results;
    }

    public static List<VerificationResult> Norm(string name, SafetensorsFile arrays)
    {
        var results = new List<VerificationResult>();
        foreach (
            string set in Sets(arrays, ".running_mean").Where(set => !set.EndsWith(".train", StringComparison.Ordinal))
        )
        {
            foreach (bool train in new[] { false, true })
                OneNorm($"{name}.{set}", set, train, arrays, results);
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
            foreach (bool train in new[] { false, true })
            {
                OneEncoder(
                    $"{name}.{table.Name}",
                    table.Name,
                    train,
                    positions,
                    table.Value.GetProperty("output_size").GetInt32(),
                    arrays,
                    results
                );
            }
        }
        return results;
    }

    public static List<VerificationResult> Selection(string name, int nodesPerGraph, SafetensorsFile arrays)
    {
        var results = new List<VerificationResult>();
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
        RowBatch batch = new RowBatch(
            RowPlan.Build(structure, 1, [.. Enumerable.Range(0, rows)], PredictorTopology.HopCount - 1)
        ).SelectAll();
        using FloatBuffer nodes = Padded(h, rows, width, stride),
            embedding = new((long)graphs * stride),
            slope = new((long)rows * stride);
        for (int m = 0; m < PredictorTopology.HopCount; m++)
        {
            if (!arrays.Tensors.ContainsKey($"hop{m}.output"))
                continue;
            NodeSelection.Forward(batch, m, 0, 1, nodes.Pointer, stride, embedding.Pointer);
            results.Add(
                PredictorCases.Compare(
                    name,
                    $"hop{m}.output",
                    arrays.ReadSingle($"hop{m}.output"),
                    Unpadded(embedding.Pointer, graphs, width, stride)
                )
            );
            using FloatBuffer upstream = Padded(arrays.ReadSingle($"hop{m}.upstream"), graphs, width, stride);
            slope.Clear((long)rows * stride);
            for (int v = 0; v < rows; v++)
                NodeSelection.Backward(batch, m, v, upstream.Pointer, stride, slope.Pointer);
            results.Add(
                PredictorCases.Compare(
                    name,
                    $"hop{m}.h.grad",
                    arrays.ReadSingle($"hop{m}.h.grad"),
                    Unpadded(slope.Pointer, rows, width, stride)
                )
            );
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

    private static void OneAttention(string name, string set, SafetensorsFile arrays, List<VerificationResult> results)
    {
        IReadOnlyList<long> shape = arrays.Tensors[$"{set}.x"].Shape;
        int nodes = (int)shape[0],
            inWidth = (int)shape[1],
            width = (int)arrays.Tensors[$"{set}.bias"].ElementCount;
        long[] edges = arrays.ReadInt64($"{set}.edges");
        int edgeCount = edges.Length / 2;
        (int, int)[] pairs =
        [
            .. Enumerable.Range(0, edgeCount).Select(e => ((int)edges[e], (int)edges[edgeCount + e])),
        ];
        var structure = new GraphStructure([(nodes, pairs, new IReadOnlyList<int>?[PredictorTopology.HopCount])]);
        RowBatch batch = new RowBatch(RowPlan.Build(structure, 1, [.. Enumerable.Range(0, nodes)], 1)).SelectAll();
        RowLevel below = batch.Levels[0],
            level = batch.Levels[1];
        var parameters = new PredictorParameters();
        using var layer = new GatV2Layer(parameters, set, inWidth, width);
        parameters.Load(arrays.ReadSingle);
        Dense dense = layer.Linear;
        layer.Prepare(level, forTraining: true);
        using FloatBuffer x = Padded(arrays.ReadSingle($"{set}.x"), nodes, inWidth, dense.InStride);
        using FloatBuffer linear = new((long)nodes * dense.OutStride),
            output = new((long)nodes * layer.Stride);
        dense.Forward(x.Pointer, linear.Pointer, nodes);
        layer.Forward(structure, level, 0, nodes, linear.Pointer, output.Pointer);
        results.Add(
            PredictorCases.Compare(
                name,
                "output",
                arrays.ReadSingle($"{set}.output"),
                Unpadded(output.Pointer, nodes, width, layer.Stride)
            )
        );
        results.Add(
            PredictorCases.Compare(
                name,
                "attention_weights",
                arrays.ReadSingle($"{set}.attention_weights"),
                EdgeWeights(structure, level, layer, arrays.ReadInt64($"{set}.attention_edges"))
            )
        );

        using FloatBuffer upstream = Padded(arrays.ReadSingle($"{set}.upstream"), nodes, width, layer.Stride);
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
        results.Add(
            PredictorCases.Compare(
                name,
                "x.grad",
                arrays.ReadSingle($"{set}.x.grad"),
                Unpadded(slope.Pointer, nodes, inWidth, dense.InStride)
            )
        );
        foreach (ParameterSlice slice in parameters.Slices)
        {
            results.Add(
                PredictorCases.Compare(
                    name,
                    $"{slice.Name[(set.Length + 1)..]}.grad",
                    arrays.ReadSingle($"{slice.Name}.grad"),
                    parameters.GradientOf(slice)
                )
            );
        }
    }

    private static float[] EdgeWeights(GraphStructure structure, RowLevel level, GatV2Layer layer, long[] edges)
    {
        int count = edges.Length / 2;
        float[] weights = new float[count];
        for (int e = 0; e < count; e++)
        {
            int target = (int)edges[count + e];
            int slot =
                Array.IndexOf(structure.InNode, (int)edges[e], structure.InStart[target], structure.Degree(target))
                - structure.InStart[target];
            weights[e] = layer.Weights[level.InputStart[target] + slot];
        }
        return weights;
    }

    private static void OneNorm(
        string name,
        string set,
        bool train,
        SafetensorsFile arrays,
        List<VerificationResult> results
    )
    {
        string mode = train ? "train" : "eval";
        int rows = (int)arrays.Tensors[$"{set}.x"].Shape[0],
            width = (int)arrays.Tensors[$"{set}.x"].Shape[1];
        var parameters = new PredictorParameters();
        using var norm = new BatchNorm(parameters, set, width);
        parameters.Load(arrays.ReadSingle);
        int stride = norm.Stride;
        float[] counts = [.. Enumerable.Repeat(1f, rows)];
        using FloatBuffer x = Padded(arrays.ReadSingle($"{set}.x"), rows, width, stride),
            y = new((long)rows * stride);
        using FloatBuffer upstream = Padded(arrays.ReadSingle($"{set}.upstream"), rows, width, stride);
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
        results.Add(
            PredictorCases.Compare(
                name,
                $"{mode}.output",
                arrays.ReadSingle($"{set}.{mode}.output"),
                Unpadded(y.Pointer, rows, width, stride)
            )
        );
        norm.BeginSums(0);
        norm.SumRows(0, x.Pointer, upstream.Pointer, rows, relu: false);
        norm.FinishSums(1, train, rows);
        norm.BackwardRows(x.Pointer, upstream.Pointer, counts, upstream.Pointer, relu: false);
        results.Add(
            PredictorCases.Compare(
                name,
                $"{mode}.x.grad",
                arrays.ReadSingle($"{set}.{mode}.x.grad"),
                Unpadded(upstream.Pointer, rows, width, stride)
            )
        );
        foreach (ParameterSlice slice in parameters.Slices)
        {
            string suffix = slice.Name[(set.Length + 1)..];
            if (slice.Trained)
                results.Add(
                    PredictorCases.Compare(
                        name,
                        $"{mode}.{suffix}.grad",
                        arrays.ReadSingle($"{set}.{mode}.{suffix}.grad"),
                        parameters.GradientOf(slice)
                    )
                );
            else if (train)
                results.Add(
                    PredictorCases.Compare(
                        name,
                        $"train.{suffix}",
                        arrays.ReadSingle($"{set}.train.{suffix}"),
                        parameters.Of(slice)
                    )
                );
        }
    }

    private static void OneEncoder(
        string name,
        string set,
        bool train,
        PositionColumn[] positions,
        int width,
        SafetensorsFile arrays,
        List<VerificationResult> results
    )
    {
        string mode = train ? "train" : "eval";
        var parameters = new PredictorParameters();
        using var encoder = new NodeEncoder(parameters, positions, width);
        parameters.Load(slice => arrays.ReadSingle($"{set}.{slice}"));
        float[] features = arrays.ReadSingle($"{set}.x");
        int rows = features.Length / encoder.FeatureCount;
        int[] chosen = [.. Enumerable.Range(0, rows)];
        encoder.Forward(features, chosen, [.. Enumerable.Repeat(1f, rows)], train);
        results.Add(
            PredictorCases.Compare(
                name,
                $"{mode}.output",
                arrays.ReadSingle($"{set}.{mode}.output"),
                Unpadded(encoder.Output, rows, width, encoder.Stride)
            )
        );
        using FloatBuffer upstream = Padded(arrays.ReadSingle($"{set}.upstream"), rows, width, encoder.Stride);
        encoder.Backward(features, chosen, upstream.Pointer, train);
        foreach (ParameterSlice slice in parameters.Slices)
        {
            if (train && Noise.Contains(slice.Name))
                continue;
            if (slice.Trained)
                results.Add(
                    PredictorCases.Compare(
                        name,
                        $"{mode}.grad.{slice.Name}",
                        arrays.ReadSingle($"{set}.{mode}.grad.{slice.Name}"),
                        parameters.GradientOf(slice)
                    )
                );
            else if (train)
                results.Add(
                    PredictorCases.Compare(
                        name,
                        $"train.after.{slice.Name}",
                        arrays.ReadSingle($"{set}.train.after.{slice.Name}"),
                        parameters.Of(slice)
                    )
                );
        }
    }

    private static IEnumerable<string> Sets(SafetensorsFile arrays, string suffix) =>
        arrays
            .Tensors.Keys.Where(name => name.EndsWith(suffix, StringComparison.Ordinal))
            .Select(name => name[..^suffix.Length])
            .Order(StringComparer.Ordinal);
}
