using System.Text.Json;
using Qua2SeDiMo.Numerics;
using Qua2SeDiMo.Predictors;

namespace Qua2SeDiMo.Tests.Sensitivity;

/// <summary>Graph and scored units of a published denoiser graph (<c>golden/dags</c>), with random sizes, errors and predictors.</summary>
internal sealed class PublishedUnits
{
    // Parts of a node's name by which the published figures of 39 361 and 769 878 combinations tell combine nodes from weights.
    private static readonly string[] CombineNames = ["add", "mul", "adaln"];

    /// <summary>Reads a graph.</summary>
    /// <param name="path">A file of <c>golden/dags</c>.</param>
    /// <param name="byName">Take nodes for weights by their names, as the published counts of combinations do, not by what they are.</param>
    internal PublishedUnits(string path, bool byName = false)
    {
        using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(path));
        JsonElement root = document.RootElement;
        JsonElement[] nodes = [.. root.GetProperty("nodes").EnumerateArray()];
        string[] names = [.. nodes.Select(node => node.GetProperty("name").GetString()!)];
        var number = new Dictionary<string, int>();
        foreach (string name in names) number.TryAdd(name, number.Count);
        int weight = 0;
        int[] weightOfNode = [.. nodes.Select((node, v) => (byName ? !CombineNames.Any(names[v].Contains) : node.GetProperty("weight").GetBoolean()) ? weight++ : -1)];
        int positions = nodes[0].GetProperty("position_codes").GetArrayLength();
        int[] codes = [.. nodes.SelectMany(node => node.GetProperty("position_codes").EnumerateArray().Select(code => (int)code.GetDouble()))];
        PositionColumn[] columns = [.. Enumerable.Range(0, positions).Select(p =>
        {
            int[] column = [.. Enumerable.Range(0, nodes.Length).Select(v => codes[(v * positions) + p])];
            return new PositionColumn($"position{p}", column.Max() - Math.Min(0, column.Min()) + 1, -Math.Min(0, column.Min()));
        })];
        Topology = new PredictorTopology(weightOfNode, columns, codes, Pairs(root.GetProperty("edges")), new IReadOnlyList<int>?[PredictorTopology.HopCount]);
        Units = [.. root.GetProperty("units").EnumerateArray().Select((unit, i) =>
        {
            int[] members = [.. unit.GetProperty("nodes").EnumerateArray().Select(name => number[name.GetString()!])];
            return new PredictorUnit($"unit {i}", "", unit.GetProperty("hop").GetInt32(), members, Pairs(unit.GetProperty("edges")),
                [.. members.Select(v => weightOfNode[v]).Where(w => w >= 0)]);
        })];
        Features = RandomFeatures(Topology.WeightCount);
    }

    internal PredictorTopology Topology { get; }

    internal IReadOnlyList<PredictorUnit> Units { get; }

    internal OptionFeatures Features { get; }

    /// <summary>Predictors with random weights and plain moments.</summary>
    internal Predictor[] RandomFolds(int count) =>
    [
        .. Enumerable.Range(0, count).Select(fold =>
        {
            var network = new PredictorNetwork(new PredictorShape(Topology.Positions));
            network.Initialize((ulong)fold);
            var predictor = new Predictor(network, new TargetScale(0, 1, false), PredictorLoss.Srcc);
            Array.Fill(predictor.HopDeviation, 1);
            Array.Fill(predictor.HopWeight, 1);
            return predictor;
        }),
    ];

    private static OptionFeatures RandomFeatures(int weights)
    {
        var random = new Pcg32(5);
        OptionCode[] options = [new("uaq-4", 1, 1), new("uaq-3", 1, 2), new("kmeans-c-4", 2, 1), new("kmeans-c-3", 2, 2), new("kmeans-a-4", 3, 1), new("kmeans-a-3", 3, 2)];
        return new OptionFeatures(options, [.. Enumerable.Repeat(16000L, weights)], [.. Enumerable.Range(0, weights * 6).Select(i => (i % 2 == 0 ? 4000L : 3000L) + random.Next(400))],
            [.. Enumerable.Range(0, weights * 6).Select(_ => random.NextDouble() / 100)], 16);
    }

    private static (int, int)[] Pairs(JsonElement edges) => [.. edges.EnumerateArray().Select(edge => ((int)edge[0].GetDouble(), (int)edge[1].GetDouble()))];
}
