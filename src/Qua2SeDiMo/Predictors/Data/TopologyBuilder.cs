using Qua2SeDiMo.Graphs.Ir;
using Qua2SeDiMo.Graphs.Operations;
using Qua2SeDiMo.Kernels.Codes;
using Qua2SeDiMo.Quantizers.Bank;

namespace Qua2SeDiMo.Predictors.Data;

/// <summary>Converts a sensitivity graph and a bank to the predictor's input: indices, codes, edges and
/// features.</summary>
internal static class TopologyBuilder
{
    /// <summary>The topology of a denoiser. Weight i of the topology is weight i of the graph.</summary>
    public static PredictorTopology Build(OperationGraph graph)
    {
        ArgumentNullException.ThrowIfNull(graph);
        PositionColumn[] columns =
        [
            .. graph.Positions.Select(feature => new PositionColumn(
                feature.Name,
                feature.Values.Count,
                -feature.FirstCode
            )),
        ];
        int[] codes =
        [
            .. Enumerable
                .Range(0, graph.Nodes.Count)
                .SelectMany(node => graph.Positions.Select(feature => feature.Codes[node])),
        ];
        return new PredictorTopology(
            [.. graph.Nodes.Select(node => node.Weight)],
            columns,
            codes,
            graph.Edges,
            graph.HopNodes
        );
    }

    /// <summary>
    /// Size and error of every weight under every option of a bank. For tied weights, sizes are summed and errors
    /// averaged over the group.
    /// </summary>
    /// <param name="graph">The denoiser.</param>
    /// <param name="bank">Its quantizer bank.</param>
    /// <param name="originalBits">P: bits of one original weight.</param>
    public static OptionFeatures Features(OperationGraph graph, QuantizerBank bank, int originalBits)
    {
        ArgumentNullException.ThrowIfNull(graph);
        ArgumentNullException.ThrowIfNull(bank);
        return new OptionFeatures(
            [
                .. bank.Options.Select(option => new OptionCode(
                    option.ToString(),
                    (int)option.Method + 1,
                    option.Bits >= 4 ? 1 : 2
                )),
            ],
            [.. graph.Groups.Select(group => group.Sum(weight => weight.ElementCount * originalBits / 8))],
            [.. graph.Groups.SelectMany(group => bank.Options.Select(option => group.Sum(Bytes(option))))],
            [.. graph.Groups.SelectMany(group => bank.Options.Select(option => group.Average(Error(option))))],
            originalBits
        );

        Func<QuantizableWeight, long> Bytes(QuantizerSpec option) =>
            weight => option.SizeBytes(weight.ElementCount, weight.OutChannels, originalBits);
        Func<QuantizableWeight, double> Error(QuantizerSpec option) => weight => bank.MeanError(weight.Name, option);
    }

    /// <summary>Name, block, layer type and size of each weight of a denoiser.</summary>
    public static IReadOnlyList<WeightPosition> Positions(OperationGraph graph)
    {
        ArgumentNullException.ThrowIfNull(graph);
        var positions = new WeightPosition[graph.Weights.Count];
        foreach (OperationNode node in graph.Nodes.Where(node => node.Weight >= 0))
        {
            QuantizableWeight weight = graph.Weights[node.Weight];
            positions[node.Weight] = new WeightPosition(
                weight.Name,
                node.Position.BlockName,
                node.Position.LayerType,
                weight.ElementCount
            );
        }
        return positions;
    }

    /// <summary>The units of a denoiser.</summary>
    public static IReadOnlyList<PredictorUnit> Units(OperationGraph graph)
    {
        ArgumentNullException.ThrowIfNull(graph);
        return
        [
            .. graph.Units.Select(unit => new PredictorUnit(
                graph.UnitName(unit),
                unit.Kind.ToString(),
                unit.Hop,
                unit.Nodes,
                unit.Edges,
                [.. unit.Nodes.Select(node => graph.Nodes[node].Weight).Where(weight => weight >= 0)]
            )),
        ];
    }
}
