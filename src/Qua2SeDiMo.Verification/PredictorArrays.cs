using Qua2SeDiMo.Models;
using Qua2SeDiMo.Predictors.Data;
using Qua2SeDiMo.Predictors.Network;

namespace Qua2SeDiMo.Verification;

/// <summary>Builds networks and graphs from the arrays of a reference file.</summary>
internal static class PredictorArrays
{
    private static readonly string[] PositionOrder = ["stage", "block", "inner_block", "layer"];

    /// <summary>Widths and tables, from the shapes of the stored parameters.</summary>
    public static PredictorShape Shape(SafetensorsFile arrays, string prefix)
    {
        string[] names =
        [
            .. PositionOrder.Where(position => arrays.Tensors.ContainsKey($"{prefix}encoder.{position}_embedding")),
        ];
        // Block numbers of plain U-Nets start at 0; in other models they start at −1, which means "outside of the
        // blocks".
        bool shifted = names.Length != 3;
        PositionColumn[] positions =
        [
            .. names.Select(position => new PositionColumn(
                position,
                (int)arrays.Tensors[$"{prefix}encoder.{position}_embedding"].Shape[0],
                shifted && position is "block" or "inner_block" ? 1 : 0
            )),
        ];
        return new PredictorShape(
            positions,
            (int)arrays.Tensors[$"{prefix}hop1.source.weight"].Shape[1],
            (int)arrays.Tensors[$"{prefix}hop1.bias"].ElementCount
        );
    }

    /// <summary>Builds the graphs of a batch; node lists of hops are read from <c>hopN.nodes</c> if stored.</summary>
    public static GraphStructure Structure(SafetensorsFile arrays, string edgesName, string? graphName)
    {
        (int Source, int Target)[] edges = Edges(arrays.ReadInt64(edgesName));
        long[] graph = graphName is null
            ? new long[(int)arrays.Tensors["moments.x"].Shape[0]]
            : arrays.ReadInt64(graphName);
        int graphs = (int)graph.Max() + 1;
        int[] first = new int[graphs + 1];
        foreach (long g in graph)
            first[g + 1]++;
        for (int g = 0; g < graphs; g++)
            first[g + 1] += first[g];
        var joined = new List<(int, IReadOnlyList<(int, int)>, IReadOnlyList<IReadOnlyList<int>?>)>();
        for (int g = 0; g < graphs; g++)
        {
            int number = g,
                start = first[g];
            (int, int)[] own =
            [
                .. edges
                    .Where(edge => graph[edge.Source] == number)
                    .Select(edge => (edge.Source - start, edge.Target - start)),
            ];
            IReadOnlyList<int>?[] hops =
            [
                .. Enumerable
                    .Range(0, PredictorTopology.HopCount)
                    .Select(m =>
                        arrays.Tensors.ContainsKey($"hop{m}.nodes")
                            ? (IReadOnlyList<int>)
                                [
                                    .. arrays
                                        .ReadInt64($"hop{m}.nodes")
                                        .Where(v => graph[v] == number)
                                        .Select(v => (int)v - start),
                                ]
                            : null
                    ),
            ];
            joined.Add((first[g + 1] - start, own, hops));
        }
        return new GraphStructure(joined);
    }

    /// <summary>Reads edges from their stored form: all sources, then all targets.</summary>
    public static (int Source, int Target)[] Edges(long[] stored)
    {
        int count = stored.Length / 2;
        return [.. Enumerable.Range(0, count).Select(e => ((int)stored[e], (int)stored[count + e]))];
    }

    /// <summary>A batch with one row for each node of all graphs, for the given number of hops.</summary>
    public static RowBatch AllRows(GraphStructure structure, int hops) =>
        new RowBatch(RowPlan.Build(structure, 1, [.. Enumerable.Range(0, structure.NodeCount)], hops)).SelectAll();
}
