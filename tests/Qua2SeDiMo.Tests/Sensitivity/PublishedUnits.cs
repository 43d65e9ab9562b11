using System.Text.Json;
using Qua2SeDiMo.Kernels.Codes;
using Qua2SeDiMo.Numerics;
using Qua2SeDiMo.Predictors.Data;
using Qua2SeDiMo.Predictors.Network;
using Qua2SeDiMo.Predictors.Training;
using Qua2SeDiMo.Sensitivity;

namespace Qua2SeDiMo.Tests.Sensitivity;

/// <summary>Graph and scored units of a published denoiser graph (<c>golden/dags</c>), with random sizes, errors and
/// predictors.</summary>
internal sealed class PublishedUnits
{
    // Parts of names by which the published counts of 39 361 and 769 878 combinations distinguish combine nodes from
    // weights.
    private static readonly string[] CombineNames = ["add", "mul", "adaln"];

    /// <summary>Reads a graph.</summary>
    /// <param name="path">A file of <c>golden/dags</c>.</param>
    /// <param name="byName">Whether weights are recognized by their names, as in the published counts of combinations,
    /// instead of by their kind.</param>
    internal PublishedUnits(string path, bool byName = false)
    {
        using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(path));
        JsonElement root = document.RootElement;
        JsonElement[] nodes = [.. root.GetProperty("nodes").EnumerateArray()];
        string[] names = [.. nodes.Select(node => node.GetProperty("name").GetString()!)];
        var number = new Dictionary<string, int>();
        foreach (string name in names)
            number.TryAdd(name, number.Count);
        int weight = 0;
        int[] weightOfNode =
        [
            .. nodes.Select(
                (node, v) =>
                    (byName ? !CombineNames.Any(names[v].Contains) : node.GetProperty("weight").GetBoolean())
                        ? weight++
                        : -1
            ),
        ];
        int positions = nodes[0].GetProperty("position_codes").GetArrayLength();
        int[] codes =
        [
            .. nodes.SelectMany(node =>
                node.GetProperty("position_codes").EnumerateArray().Select(code => (int)code.GetDouble())
            ),
        ];
        PositionColumn[] columns =
        [
            .. Enumerable
                .Range(0, positions)
                .Select(p =>
                {
                    int[] column = [.. Enumerable.Range(0, nodes.Length).Select(v => codes[(v * positions) + p])];
                    return new PositionColumn(
                        $"position{p}",
                        column.Max() - Math.Min(0, column.Min()) + 1,
                        -Math.Min(0, column.Min())
                    );
                }),
        ];
        Topology = new PredictorTopology(
            weightOfNode,
            columns,
            codes,
            Pairs(root.GetProperty("edges")),
            new IReadOnlyList<int>?[PredictorTopology.HopCount]
        );
        Units =
        [
            .. root.GetProperty("units")
                .EnumerateArray()
                .Select(
                    (unit, i) =>
                    {
                        int[] members =
                        [
                            .. unit.GetProperty("nodes").EnumerateArray().Select(name => number[name.GetString()!]),
                        ];
                        return new PredictorUnit(
                            $"unit {i}",
                            "",
                            unit.GetProperty("hop").GetInt32(),
                            members,
                            Pairs(unit.GetProperty("edges")),
                            [.. members.Select(v => weightOfNode[v]).Where(w => w >= 0)]
                        );
                    }
                ),
        ];
        Features = RandomFeatures(Topology.WeightCount);
    }

    internal PredictorTopology Topology { get; }

    internal IReadOnlyList<PredictorUnit> Units { get; }

    internal OptionFeatures Features { get; }

    /// <summary>Predictors with random parameters. Hop weights are 1 or −1, chosen so that options with more bits score
    /// higher on average in the first unit of a hop.</summary>
    internal Predictor[] RandomFolds(int count) =>
        [.. Enumerable.Range(0, count).Select(fold => RandomFold((ulong)fold))];

    private Predictor RandomFold(ulong seed)
    {
        var network = new PredictorNetwork(new PredictorShape(Topology.Positions));
        network.Initialize(seed);
        var predictor = new Predictor(network, new TargetScale(0, 1, false), PredictorLoss.Srcc);
        Array.Fill(predictor.HopDeviation, 1);
        Array.Fill(predictor.HopWeight, 1);
        var scores = new HopScores(Topology, Features);
        foreach (PredictorUnit unit in Units.Where(unit => unit.Weights.Count > 0).DistinctBy(unit => unit.Hop))
        {
            double[] all = scores.Unit(predictor, unit);
            // Options with 4 bits have even numbers.
            double mean = all.Average(),
                trend = all.Select(
                        (score, c) =>
                            (score - mean)
                            * -Enumerable.Range(0, unit.Weights.Count).Count(i => c / (int)Math.Pow(6, i) % 2 == 1)
                    )
                    .Sum();
            if (trend < 0)
                predictor.HopWeight[unit.Hop] = -1;
        }
        return predictor;
    }

    // Layers of 0.2 to 13 million weights, with sizes by the size formula; errors fall with bits and differ by method
    // and layer.
    private static OptionFeatures RandomFeatures(int weights)
    {
        var random = new Pcg32(5);
        OptionCode[] options =
        [
            .. QuantizerSpec.PaperOptions.Select(spec => new OptionCode(
                spec.ToString(),
                (int)spec.Method + 1,
                spec.Bits == 4 ? 1 : 2
            )),
        ];
        var original = new List<long>();
        var quantized = new List<long>();
        var errors = new List<double>();
        for (int w = 0; w < weights; w++)
        {
            int channels = 320 * (1 + random.Next(8));
            long elements = channels * (640L + (320 * random.Next(15)));
            original.Add(elements * 2);
            double scale = Math.Exp(random.NextNormal()) / 100;
            foreach (QuantizerSpec spec in QuantizerSpec.PaperOptions)
            {
                quantized.Add(spec.SizeBytes(elements, channels, 16));
                errors.Add(scale * (spec.Bits == 4 ? 0.2 : 1) * Math.Exp(0.2 * random.NextNormal()));
            }
        }
        return new OptionFeatures(options, original, quantized, errors, 16);
    }

    private static (int, int)[] Pairs(JsonElement edges) =>
        [.. edges.EnumerateArray().Select(edge => ((int)edge[0].GetDouble(), (int)edge[1].GetDouble()))];
}
