using System.Text.Json;
using System.Xml.Linq;
using Qua2SeDiMo.Graphs.Operations;
using Qua2SeDiMo.Reports.Charts;
using Qua2SeDiMo.Storage;
using Xunit;

namespace Qua2SeDiMo.Tests.Reports;

public class DirectedGraphTests
{
    private static readonly XNamespace Svg = "http://www.w3.org/2000/svg";

    [Theory]
    [InlineData("pixart", 568)]
    [InlineData("sdxl", 1316)]
    [InlineData("dit", 369)]
    public void A_published_graph_is_drawn_with_every_node_and_edge(string name, int nodeCount)
    {
        DirectedGraphData graph = Published(name);

        string text = SvgDirectedGraph.Draw(graph);
        AtomicFile.WriteText(Path.Combine(ReportHtmlTests.SampleFolder + "-graphs", name + ".svg"), text);

        XElement root = XDocument.Parse(text).Root!;
        Assert.Equal(
            nodeCount,
            root.Descendants(Svg + "rect")
                .Count(rect =>
                    rect.Attribute("class")!.Value.StartsWith("node", StringComparison.Ordinal) && rect.HasElements
                )
        );
        Assert.Equal(
            graph.Edges.Count,
            root.Descendants(Svg + "path").Count(path => path.Attribute("class")!.Value == "edge")
        );
        Assert.All(
            root.Descendants().Attributes(),
            attribute => Assert.DoesNotContain("NaN", attribute.Value, StringComparison.Ordinal)
        );
    }

    [Fact]
    public void Nodes_of_a_layer_do_not_overlap_and_edges_point_down()
    {
        DirectedGraphData graph = Published("pixart");
        double[] widths = [.. graph.Nodes.Select(node => 20.0 + node.Label.Length)];

        var layout = new LayeredLayout(widths, graph.Edges);

        foreach (IGrouping<int, int> layer in Enumerable.Range(0, widths.Length).GroupBy(layout.Layer))
        {
            int[] order = [.. layer.OrderBy(layout.X)];
            for (int i = 1; i < order.Length; i++)
            {
                Assert.True(
                    layout.X(order[i]) - layout.X(order[i - 1])
                        >= ((widths[order[i]] + widths[order[i - 1]]) / 2) - 1e-6
                );
            }
        }
        Assert.All(graph.Edges, edge => Assert.True(layout.Layer(edge.Source) < layout.Layer(edge.Target)));
    }

    [Fact]
    public void A_cycle_is_drawn_all_the_same()
    {
        var graph = new DirectedGraphData(
            "cycle",
            [new("a", "a", "weight", ""), new("b", "b", "weight", ""), new("c", "c", "add", "")],
            [(0, 1), (1, 2), (2, 0)]
        );

        Assert.Equal(3, XDocument.Parse(SvgDirectedGraph.Draw(graph)).Root!.Descendants(Svg + "path").Count());
    }

    [Fact]
    public void Dot_text_quotes_what_a_name_may_hold()
    {
        var graph = new DirectedGraphData("a \"b\"\\", [new("x\"]; evil [", "x\"", "weight", "block \"0\"")], []);

        Assert.Equal(
            """
            digraph "a \"b\"\\" {
              node [shape=box, style=filled, fontname="sans-serif"];
              subgraph cluster_0 {
                label="block \"0\"";
                n0 [label="x\"", tooltip="x\"]; evil [ (weight)", fillcolor="#77aadd"];
              }
            }

            """,
            DotText.Write(graph)
        );
    }

    private static DirectedGraphData Published(string name)
    {
        using FileStream stream = File.OpenRead(RepositoryFiles.Golden($"dags/{name}.json"));
        using var document = JsonDocument.Parse(stream);
        JsonElement root = document.RootElement;
        JsonElement[] nodes = [.. root.GetProperty("nodes").EnumerateArray()];
        string[] names = [.. nodes.Select(node => node.GetProperty("name").GetString()!)];
        var paths = new ModulePositions(names);
        IReadOnlyList<NodePosition> positions = ModulePositions.Number([.. names.Select(paths.OfWeight)]);
        return new DirectedGraphData(
            root.GetProperty("model").GetString()!,
            [
                .. nodes.Select(
                    (node, i) =>
                        new DirectedGraphNode(
                            names[i],
                            positions[i].LayerType,
                            node.GetProperty("weight").GetBoolean() ? "weight" : names[i].Split('.')[^1],
                            positions[i].BlockName
                        )
                ),
            ],
            [.. root.GetProperty("edges").EnumerateArray().Select(edge => (edge[0].GetInt32(), edge[1].GetInt32()))]
        );
    }
}
