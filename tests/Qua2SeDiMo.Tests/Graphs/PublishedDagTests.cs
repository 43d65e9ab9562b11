using Qua2SeDiMo.Graphs;
using Xunit;
using Xunit.Abstractions;

namespace Qua2SeDiMo.Tests.Graphs;

public sealed class PublishedDagTests(ITestOutputHelper output)
{
    [Fact]
    public void PixArt_equals_the_published_graph_but_for_its_listed_differences()
    {
        var published = new PublishedDag("pixart");
        Assert.Equal((568, 818), (published.NodeCount, published.EdgeCount));

        // PixArt has no norm in front of its cross-attention: the node stands for nothing in the forward pass.
        published.Bypass(@"^transformer_blocks\.\d+\.norm$");

        OperationGraph ours = OperationGraphBuilder.Build(ReleasedModels.Denoiser("pixart-alpha-xl-2-512"));
        AssertEqual(published, ours);
        Assert.Equal((540, 790), (ours.Nodes.Count, ours.Edges.Count));
    }

    private void AssertEqual(PublishedDag published, OperationGraph ours)
    {
        IReadOnlyList<string> differences = published.Compare(ours);
        foreach (string difference in differences.Take(80)) output.WriteLine(difference);
        Assert.True(differences.Count == 0, $"{differences.Count} differences, for instance:\n{string.Join('\n', differences.Take(12))}");
    }
}
