using System.Text.Json.Nodes;
using Qua2SeDiMo.Graphs.Operations;
using Qua2SeDiMo.Predictors.Data;
using Xunit;

namespace Qua2SeDiMo.Tests.Graphs;

public sealed class DagTextTests
{
    private static readonly OperationGraph Graph = OperationGraphBuilder.Build(
        ReleasedModels.Denoiser("pixart-alpha-xl-2-512")
    );

    [Fact]
    public void The_file_has_every_key_of_the_reference_study()
    {
        DagOption[] options = [new("uaq-4", 100, 30, 0.25), new("uaq-3", 100, 20, 0.5)];
        JsonObject ours = JsonNode.Parse(DagText.Json(Graph, 16, [.. Graph.Weights.Select(_ => options)]))!.AsObject();
        JsonObject reference = JsonNode
            .Parse(File.ReadAllText(RepositoryFiles.Golden("predictor/study/dag.json")))!
            .AsObject();

        Assert.Empty(
            reference
                .Select(pair => pair.Key)
                .Except(["about", "node_features", "hop_nodes_meaning", "folds", "folds_meaning"])
                .Except(ours.Select(pair => pair.Key))
        );
        foreach (string kind in (string[])["weight", "combine"])
        {
            JsonObject First(JsonObject root) =>
                root["nodes"]!
                    .AsArray()
                    .Select(node => node!.AsObject())
                    .First(node => node["kind"]!.GetValue<string>() == kind);
            Assert.Empty(First(reference).Select(pair => pair.Key).Except(First(ours).Select(pair => pair.Key)));
        }
        Assert.Equal(Graph.Edges.Count, ours["edges"]!.AsArray().Count);
        Assert.Equal(20, ours["nodes"]![0]!["options"]![1]!["quantized_bytes"]!.GetValue<int>());
        Assert.Null(ours["hop_nodes"]!["4"]);
        Assert.Equal(
            ["block", "layer"],
            ours["positions"]!.AsArray().Select(feature => feature!["name"]!.GetValue<string>())
        );
    }

    [Fact]
    public void The_predictor_gets_the_same_nodes_codes_and_units()
    {
        PredictorTopology topology = TopologyBuilder.Build(Graph);
        Assert.Equal((540, 287), (topology.NodeCount, topology.WeightCount));
        Assert.Equal(
            [("block", 29, 1), ("layer", Graph.Positions[1].Values.Count, 0)],
            topology.Positions.Select(column => (column.Name, column.Size, column.Shift))
        );
        int node = Graph.Nodes.ToList().FindIndex(candidate => candidate.Name == "transformer_blocks.5.attn2.to_k");
        Assert.Equal(Graph.Weights[topology.WeightOfNode[node]].Name, Graph.Nodes[node].Name);
        Assert.Equal(5, topology.PositionCodes[2 * node]);
        Assert.Equal("attn2.to_k", Graph.Positions[1].Values[topology.PositionCodes[(2 * node) + 1]]);

        IReadOnlyList<PredictorUnit> units = TopologyBuilder.Units(Graph);
        Assert.Equal(116, units.Count);
        PredictorUnit attention = units.Single(unit =>
            unit.Name == "transformer_blocks.3.attn1{to_q, to_k, to_v, to_out.0}"
        );
        Assert.Equal(
            ("SelfAttention", 3, 7, 4),
            (attention.Kind, attention.Hop, attention.Nodes.Count, attention.Weights.Count)
        );
    }
}
