using Qua2SeDiMo.Architectures;
using Qua2SeDiMo.Gradients;
using Qua2SeDiMo.Graphs.Ir;
using Qua2SeDiMo.Verification;
using Xunit;

namespace Qua2SeDiMo.Tests.Gradients;

public sealed class KeptValuesTests
{
    [Theory]
    [InlineData("pixart-sigma")]
    [InlineData("unet-sd15")]
    public void Results_of_layers_are_kept_within_the_limit(string name)
    {
        using ArchitectureCase given = ArchitectureCase.Open(RepositoryFiles.Golden($"architectures/{name}"));
        Graph graph = given.Build(GraphPart.Forward);
        ShapedGraph shaped = ShapedGraph.Of(graph, given.Weights, given.Bind(graph));
        IReadOnlyList<CutPart> parts = GraphCut.Forward(shaped, [graph.Outputs[0].Name], 4);

        long Bytes(IEnumerable<string> values) => values.Sum(value => GraphCut.Bytes(shaped.Values[value]));
        IReadOnlySet<string> all = KeptValues.Of(parts, long.MaxValue),
            some = KeptValues.Of(parts, Bytes(all) / 2);

        Assert.Empty(KeptValues.Of(parts, 0));
        Assert.InRange(all.Count, graph.Weights.Count / 2, 2 * graph.Weights.Count);
        Assert.Subset(all.ToHashSet(), some.ToHashSet());
        Assert.InRange(Bytes(some), Bytes(all) / 4, Bytes(all) / 2);
        // Handed on anyway.
        Assert.DoesNotContain(parts.SelectMany(part => part.Outputs), all.Contains);
    }
}
