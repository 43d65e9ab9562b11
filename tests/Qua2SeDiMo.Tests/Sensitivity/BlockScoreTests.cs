using System.Diagnostics;
using System.Text.Json;
using Qua2SeDiMo.Numerics;
using Qua2SeDiMo.Predictors;
using Qua2SeDiMo.Sensitivity;
using Xunit;
using Xunit.Abstractions;

namespace Qua2SeDiMo.Tests.Sensitivity;

public class BlockScoreTests(ITestOutputHelper output)
{
    [Theory]
    [InlineData("pixart", 39576)]
    [InlineData("sdxl", 343458)]
    [Trait("Speed", "Slow")]
    public void Every_option_combination_of_every_published_unit_is_scored(string family, int combinations)
    {
        (PredictorTopology topology, PredictorUnit[] units) = Read(family);
        OptionFeatures features = RandomFeatures(topology.WeightCount);
        var scores = new HopScores(topology, features);
        var folds = new List<Predictor>();
        for (ulong fold = 0; fold < 5; fold++)
        {
            var network = new PredictorNetwork(new PredictorShape(topology.Positions));
            network.Initialize(fold);
            var predictor = new Predictor(network, new TargetScale(0, 1, false), PredictorLoss.Srcc);
            Array.Fill(predictor.HopDeviation, 1);
            Array.Fill(predictor.HopWeight, 1);
            folds.Add(predictor);
        }
        var watch = Stopwatch.StartNew();
        TimeSpan before = Process.GetCurrentProcess().TotalProcessorTime;
        long scored = 0;
        foreach (PredictorUnit unit in units) scored += scores.Unit(folds, unit).Length;
        output.WriteLine($"{family}: {scored} subgraphs by five folds in {watch.Elapsed.TotalSeconds:F2} s, {(Process.GetCurrentProcess().TotalProcessorTime - before).TotalSeconds:F2} CPU s");
        Assert.Equal(combinations, scored);
        foreach (Predictor fold in folds) fold.Dispose();
    }

    private static OptionFeatures RandomFeatures(int weights)
    {
        var random = new Pcg32(5);
        OptionCode[] options = [new("uaq-4", 1, 1), new("uaq-3", 1, 2), new("kmeans-c-4", 2, 1), new("kmeans-c-3", 2, 2), new("kmeans-a-4", 3, 1), new("kmeans-a-3", 3, 2)];
        return new OptionFeatures(options, [.. Enumerable.Repeat(16000L, weights)], [.. Enumerable.Range(0, weights * 6).Select(_ => 3000L + random.Next(1200))],
            [.. Enumerable.Range(0, weights * 6).Select(_ => random.NextDouble() / 100)], 16);
    }

    private static (PredictorTopology Topology, PredictorUnit[] Units) Read(string family)
    {
        using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(RepositoryFiles.Golden($"dags/{family}.json")));
        JsonElement root = document.RootElement;
        JsonElement[] nodes = [.. root.GetProperty("nodes").EnumerateArray()];
        var number = new Dictionary<string, int>();
        foreach (JsonElement node in nodes) number.TryAdd(node.GetProperty("name").GetString()!, number.Count);
        int weight = 0;
        int[] weightOfNode = [.. nodes.Select(node => node.GetProperty("weight").GetBoolean() ? weight++ : -1)];
        int positions = nodes[0].GetProperty("position_codes").GetArrayLength();
        int[] codes = [.. nodes.SelectMany(node => node.GetProperty("position_codes").EnumerateArray().Select(code => (int)code.GetDouble()))];
        PositionColumn[] columns = [.. Enumerable.Range(0, positions).Select(p =>
        {
            int[] column = [.. Enumerable.Range(0, nodes.Length).Select(v => codes[(v * positions) + p])];
            return new PositionColumn($"position{p}", column.Max() - Math.Min(0, column.Min()) + 1, -Math.Min(0, column.Min()));
        })];
        var topology = new PredictorTopology(weightOfNode, columns, codes, Pairs(root.GetProperty("edges")), new IReadOnlyList<int>?[PredictorTopology.HopCount]);
        PredictorUnit[] units = [.. root.GetProperty("units").EnumerateArray().Select((unit, i) =>
        {
            int[] members = [.. unit.GetProperty("nodes").EnumerateArray().Select(name => number[name.GetString()!])];
            return new PredictorUnit($"unit {i}", "", unit.GetProperty("hop").GetInt32(), members, Pairs(unit.GetProperty("edges")),
                [.. members.Select(v => weightOfNode[v]).Where(w => w >= 0)]);
        })];
        return (topology, units);
    }

    private static (int, int)[] Pairs(JsonElement edges) => [.. edges.EnumerateArray().Select(edge => ((int)edge[0].GetDouble(), (int)edge[1].GetDouble()))];
}
