using Qua2SeDiMo.Graphs.Operations;
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

        // PixArt has no norm before its cross-attention, so the published node has no counterpart in the forward pass.
        published.Bypass(@"^transformer_blocks\.\d+\.norm$");

        OperationGraph ours = OperationGraphBuilder.Build(ReleasedModels.Denoiser("pixart-alpha-xl-2-512"));
        AssertEqual(published, ours);
        Assert.Equal((540, 790), (ours.Nodes.Count, ours.Edges.Count));
    }

    [Fact]
    public void Hunyuan_equals_the_published_graph_but_for_its_listed_differences()
    {
        var published = new PublishedDag("hunyuan");
        Assert.Equal((844, 1172), (published.NodeCount, published.EdgeCount));

        // Plain norms vanish.
        published.Bypass(@"^blocks\.\d+\.norm[01]$");

        // The published graph lacks the last block but lists its units.
        AddLastHunyuanBlock(published);

        // Adding a condition to a norm is a separate node; in the published graph the stream passes through the linear
        // instead.
        foreach (string linear in published.Matching(@"^blocks\.\d+\.norm1\.linear$"))
        {
            string stream = published.Inputs(linear).Single(source => source != "time_extra_emb.add");
            SeparateCondition(published, linear, stream);
            string block = linear[..^"norm1.linear".Length];
            // There is one more edge between q and the linear, so the unit is one hop deeper, and in block 0 it
            // contains the patch embedding.
            string[] members = [linear, .. new[] { "q", "k", "v", "out.0" }.Select(part => $"{block}attn1.to_{part}")];
            published.Units(
                $@"^{block.Replace(".", @"\.")}norm1\.linear$",
                (4, stream == "pos_embed.proj" ? [stream, .. members] : members)
            );
        }
        published.Units(
            @"^pos_embed\.proj$",
            (
                4,
                [
                    "pos_embed.proj",
                    "blocks.0.norm1.linear",
                    .. new[] { "q", "k", "v", "out.0" }.Select(part => $"blocks.0.attn1.to_{part}"),
                ]
            )
        );
        published.Hop(3, null);
        published.Hop(4, [.. published.Matching(@"attn1\.to_out\.0$")]);

        SeparateCondition(published, "norm_out.linear", "blocks.39.add_ff");
        published.Units(@"^norm_out\.linear$", (2, ["norm_out.linear", "proj_out"]));
        published.HopRemove(1, "proj_out");
        published.HopAdd(2, "proj_out");

        OperationGraph ours = OperationGraphBuilder.Build(ReleasedModels.Denoiser("hunyuan-dit-v1.0"));
        AssertEqual(published, ours);
        Assert.Equal((828, 1165), (ours.Nodes.Count, ours.Edges.Count));
    }

    [Fact]
    public void DiT_equals_the_published_graph_but_for_its_listed_differences()
    {
        var published = new PublishedDag("dit");
        Assert.Equal((369, 535), (published.NodeCount, published.EdgeCount));
        published.Rename("proj_out.2", "proj_out_2");

        // proj_out_1 computes shift and scale of the last norm from the condition; in the published graph the stream
        // passes through it.
        published.RemoveEdge("transformer_blocks.27.add_ff", "proj_out_1");
        published.Edge("transformer_blocks.0.norm1.emb.timestep_embedder.linear_2", "proj_out_1");
        published.RemoveEdge("proj_out_1", "proj_out_2");
        published.Combine("modulation", "transformer_blocks.27.add_ff", "proj_out_1");
        published.Edge("modulation", "proj_out_2");
        published.Units("^proj_out_1$", (2, ["proj_out_1", "proj_out_2"]));
        published.HopRemove(1, "proj_out_2");

        OperationGraph ours = OperationGraphBuilder.Build(ReleasedModels.Denoiser("dit-xl-2-512"));
        AssertEqual(published, ours);
        Assert.Equal((370, 537), (ours.Nodes.Count, ours.Edges.Count));
    }

    [Fact]
    public void Stable_Diffusion_equals_the_published_graph_but_for_its_listed_differences()
    {
        var published = new PublishedDag("sdv15");
        Assert.Equal((432, 558), (published.NodeCount, published.EdgeCount));
        ReadSkips(published, "conv_shortcut#1");
        AddIdentitySums(published);
        OperationGraph ours = OperationGraphBuilder.Build(ReleasedModels.Denoiser("sdv15-unet"));
        AssertEqual(published, ours);
        Assert.Equal((456, 618), (ours.Nodes.Count, ours.Edges.Count));
    }

    [Fact]
    public void SDXL_equals_the_published_graph_but_for_its_listed_differences()
    {
        var published = new PublishedDag("sdxl");
        Assert.Equal((1316, 1701), (published.NodeCount, published.EdgeCount));

        // A node with one input, where no data meet.
        published.Bypass(@"\.dummy_input$");
        ReadSkips(published, "conv1#1");
        foreach (string cut in published.Matching(@"\.conv1#1$"))
        {
            // In the published graph conv1 is split between the concatenated inputs. But a norm lies between the
            // concatenation and conv1; only the shortcut reads the concatenation itself.
            string resnet = cut[..^"conv1#1".Length];
            published.RemoveEdge(cut, $"{resnet}conv2");
            published.Rename(cut, $"{resnet}conv_shortcut#1");
            published.RemoveEdge($"{resnet}conv_shortcut", $"{resnet}add");
            published.Combine($"{resnet}add_parts", $"{resnet}conv_shortcut", $"{resnet}conv_shortcut#1");
            published.Edge($"{resnet}add_parts", $"{resnet}add");
        }
        AddIdentitySums(published);
        OperationGraph ours = OperationGraphBuilder.Build(ReleasedModels.Denoiser("sdxl-base-unet"));
        AssertEqual(published, ours);
        Assert.Equal((1331, 1742), (ours.Nodes.Count, ours.Edges.Count));
    }

    // A skip connection starts after the transformer that follows a resnet block; in the published graph, before it.
    // conv1 reads the skip as well.
    private static void ReadSkips(PublishedDag published, string part)
    {
        var skips = new Stack<string>(["conv_in"]);
        for (int block = 0; published.Has($"down_blocks.{block}.resnets.0.conv1"); block++)
        {
            for (int layer = 0; published.Has($"down_blocks.{block}.resnets.{layer}.conv1"); layer++)
            {
                string attention = $"down_blocks.{block}.attentions.{layer}.proj_out";
                skips.Push(published.Has(attention) ? attention : $"down_blocks.{block}.resnets.{layer}.conv2");
            }
            if (published.Has($"down_blocks.{block}.downsamplers.0.conv"))
                skips.Push($"down_blocks.{block}.downsamplers.0.conv");
        }
        for (int block = 0; skips.Count > 0; block++)
        {
            for (int layer = 0; published.Has($"up_blocks.{block}.resnets.{layer}.conv1"); layer++)
            {
                string resnet = $"up_blocks.{block}.resnets.{layer}",
                    skip = skips.Pop();
                published.Weight($"{resnet}.{part}", skip);
                published.Edge(skip, $"{resnet}.conv1");
            }
        }
    }

    // The published graph omits a residual sum when the residual is not convolved.
    private static void AddIdentitySums(PublishedDag published)
    {
        foreach (string conv2 in published.Matching(@"resnets\.\d+\.conv2$"))
        {
            string resnet = conv2[..^".conv2".Length];
            if (!published.Has($"{resnet}.conv_shortcut"))
                AddSum(published, conv2, $"{resnet}.conv1");
        }
        foreach (string output in published.Matching(@"attentions\.\d+\.proj_out$"))
            AddSum(published, output, output.Replace("proj_out", "proj_in"));
    }

    private static void AddSum(PublishedDag published, string branch, string first)
    {
        string sum = $"{branch}.sum";
        foreach (string reader in published.Readers(branch))
        {
            published.RemoveEdge(branch, reader);
            published.Edge(sum, reader);
        }
        published.Combine(sum, branch, published.Inputs(first).Single());
    }

    // Adds a node in which the stream and its condition meet, for the readers of the linear.
    private static void SeparateCondition(PublishedDag published, string linear, string stream)
    {
        published.RemoveEdge(stream, linear);
        string[] readers = [.. published.Readers(linear)];
        published.Combine($"{linear}.norm", stream, linear);
        foreach (string reader in readers)
        {
            published.RemoveEdge(linear, reader);
            published.Edge($"{linear}.norm", reader);
        }
    }

    private static void AddLastHunyuanBlock(PublishedDag published)
    {
        string Renumber(string node) => node.Replace("blocks.38.", "blocks.39.");
        foreach (string node in published.Matching(@"^blocks\.38\."))
        {
            string[] sources =
            [
                .. published
                    .Inputs(node)
                    .Select(source =>
                        source switch
                        {
                            "blocks.37.add_ff" => "blocks.38.add_ff",
                            "blocks.1.add_ff" => "blocks.0.add_ff",
                            _ => Renumber(source),
                        }
                    ),
            ];
            if (published.Weights.Contains(node))
                published.Weight(Renumber(node), sources);
            else
                published.Combine(Renumber(node), sources);
        }
        published.RemoveEdge("blocks.38.add_ff", "norm_out.linear");
        published.Edge("blocks.39.add_ff", "norm_out.linear");
        published.Units(@"^blocks\.39\.skip_linear", (1, ["blocks.39.skip_linear", "blocks.39.skip_linear#1"]));
        published.HopAdd(
            0,
            published.Weights.Where(weight => weight.StartsWith("blocks.39.", StringComparison.Ordinal))
        );
        published.HopAdd(1, "blocks.39.add_skip", "blocks.39.mul_qk2", "blocks.39.ff.net.2");
        published.HopAdd(2, "blocks.39.attn2.to_out.0");
    }

    private void AssertEqual(PublishedDag published, OperationGraph ours)
    {
        IReadOnlyList<string> differences = published.Compare(ours);
        foreach (string difference in differences.Take(80))
            output.WriteLine(difference);
        Assert.True(
            differences.Count == 0,
            $"{differences.Count} differences, for instance:\n{string.Join('\n', differences.Take(12))}"
        );
    }
}
