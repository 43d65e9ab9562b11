using Qua2SeDiMo.Graphs.Ir;
using Qua2SeDiMo.Graphs.Operations;
using Qua2SeDiMo.Kernels.Codes;
using Xunit;

namespace Qua2SeDiMo.Tests.Graphs;

public sealed class OperationGraphBuilderTests
{
    private const int Width = 4;

    [Fact]
    public void Activations_norms_and_reshapes_vanish_and_a_sum_is_a_node()
    {
        OperationGraph graph = Contract(
            (g, x) =>
            {
                GraphValue h = g.Linear("a", x, Width);
                return g.Add(
                    h,
                    g.Linear(
                        "b",
                        g.GeluTanh(
                            g.LayerNorm("norm", g.Transpose(g.Transpose(h, 0, 2, 1), 0, 2, 1), 1e-6, affine: false)
                        ),
                        Width
                    )
                );
            }
        );
        Assert.Equal(["a <- ", "b <- a", "add <- a, b"], Lines(graph));
    }

    [Fact]
    public void A_weight_that_is_used_twice_is_one_node()
    {
        OperationGraph graph = Contract(
            (g, x) =>
            {
                GraphValue first = g.Linear("shared", x, Width);
                GraphValue second = g.Linear("shared", g.Linear("a", first, Width), Width);
                return g.Linear("b", second, Width);
            }
        );
        Assert.Equal(["shared <- a", "a <- shared", "b <- shared"], Lines(graph));
    }

    [Fact]
    public void Scale_and_shift_by_one_condition_are_a_modulation_and_its_gate_vanishes()
    {
        OperationGraph graph = Contract(
            (g, x) =>
            {
                GraphValue h = g.Linear("embed", x, Width);
                IReadOnlyList<GraphValue> chunks = g.Chunk(g.Linear("condition", Condition(g), 3 * Width), 3, -1);
                GraphValue normal = g.LayerNorm("norm", h, 1e-6, affine: false);
                GraphValue branch = g.Linear(
                    "branch",
                    g.Add(g.Multiply(normal, g.Add(chunks[0], 1f)), chunks[1]),
                    Width
                );
                return g.Add(h, g.Multiply(chunks[2], branch));
            },
            conditionChunks: 3
        );
        Assert.Equal(
            [
                "embed <- ",
                "condition <- ",
                "modulation <- embed, condition",
                "branch <- modulation",
                "add <- embed, branch",
            ],
            Lines(graph)
        );
        Assert.Equal(OperationKind.Modulation, graph.Nodes[2].Kind);
    }

    [Fact]
    public void A_gate_whose_condition_does_not_reach_the_branch_is_an_input_of_the_sum()
    {
        OperationGraph graph = Contract(
            (g, x) =>
            {
                GraphValue h = g.Linear("embed", x, Width);
                GraphValue gate = g.Linear("condition", Condition(g), Width);
                return g.Add(h, g.Multiply(gate, g.Linear("branch", h, Width)));
            }
        );
        Assert.Equal("add <- embed, branch, condition", Lines(graph)[^1]);
    }

    [Fact]
    public void A_scale_alone_becomes_a_modulation_when_a_weight_reads_it()
    {
        OperationGraph graph = Contract(
            (g, x) =>
            {
                GraphValue scale = g.Linear("condition", Condition(g), Width);
                return g.Linear(
                    "b",
                    g.Multiply(g.LayerNorm("norm", g.Linear("a", x, Width), 1e-6, affine: false), scale),
                    Width
                );
            }
        );
        Assert.Equal("b <- modulation", Lines(graph)[^1]);
        Assert.Equal("modulation <- a, condition", Lines(graph)[^2]);
    }

    [Fact]
    public void A_condition_added_to_a_norm_is_a_node_and_in_front_of_one_weight_an_input()
    {
        OperationGraph normed = Contract(
            (g, x) =>
            {
                GraphValue shift = g.Linear("condition", Condition(g), Width);
                GraphValue normal = g.Add(g.LayerNorm("norm", g.Linear("a", x, Width), 1e-6, affine: false), shift);
                return g.Add(g.Linear("b", normal, Width), g.Linear("branch", normal, Width));
            }
        );
        Assert.Equal(OperationKind.ConditionedNorm, normed.Nodes[2].Kind);
        OperationGraph plain = Contract(
            (g, x) =>
                g.Linear("b", g.Silu(g.Add(g.Linear("a", x, Width), g.Linear("time", Condition(g), Width))), Width)
        );
        Assert.Equal(["a <- ", "time <- ", "b <- a, time"], Lines(plain));
    }

    [Fact]
    public void Attention_has_two_nodes_and_is_one_unit()
    {
        OperationGraph graph = Contract(
            (g, x) =>
            {
                GraphValue h = g.Linear("embed", x, Width);
                using GraphBuilder.ModuleScope scope = g.Scope("blocks.0");
                GraphValue scores = g.Softmax(
                    g.Multiply(g.MatMul(g.Linear("q", h, Width), g.Transpose(g.Linear("k", h, Width), 0, 2, 1)), 0.5f)
                );
                return g.Linear("out", g.MatMul(scores, g.Linear("v", h, Width)), Width);
            }
        );
        Assert.Equal("blocks.0.query_key <- blocks.0.q, blocks.0.k", Lines(graph)[3]);
        Assert.Equal("blocks.0.attention_value <- blocks.0.query_key, blocks.0.v", Lines(graph)[5]);
        OperationUnit unit = graph.Units.Single(candidate => candidate.Kind == OperationUnitKind.SelfAttention);
        Assert.Equal((3, "blocks.0.out"), (unit.Hop, graph.Nodes[unit.Last].Name));
    }

    [Fact]
    public void A_concatenation_is_a_node_when_several_read_it_and_its_parts_when_it_is_cut_at_the_seam()
    {
        OperationGraph joined = Contract(
            (g, x) =>
            {
                GraphValue both = g.Concat(-1, g.Linear("a", x, Width), g.Linear("b", x, Width));
                return g.Add(g.Linear("c", both, Width), g.Linear("d", both, Width));
            }
        );
        Assert.Equal("concat <- a, b", Lines(joined)[2]);
        OperationGraph cut = Contract(
            (g, x) =>
            {
                GraphValue both = g.LayerNorm(
                    "norm",
                    g.Concat(-1, g.Linear("a", x, Width), g.Linear("b", x, Width)),
                    1e-6,
                    affine: false
                );
                return g.LinearOfConcat("skip", g.Chunk(both, 2, -1), Width);
            }
        );
        Assert.Equal(["a <- ", "b <- ", "skip <- a", "skip#1 <- b", "skip.add <- skip, skip#1"], Lines(cut));
    }

    [Fact]
    public void Two_gated_weights_meet_in_a_product_of_one_unit()
    {
        OperationGraph graph = Contract(
            (g, x) =>
            {
                GraphValue h = g.Linear("embed", x, Width);
                using GraphBuilder.ModuleScope scope = g.Scope("blocks.0");
                return g.Linear(
                    "down",
                    g.Multiply(g.Silu(g.Linear("gate", h, Width)), g.Linear("up", h, Width)),
                    Width
                );
            }
        );
        Assert.Equal("blocks.0.product <- blocks.0.gate, blocks.0.up", Lines(graph)[3]);
        Assert.Contains(graph.Units, unit => unit.Kind == OperationUnitKind.FeedForward && unit.Hop == 2);
    }

    [Fact]
    public void Positions_come_from_numbers_of_repeated_modules()
    {
        var positions = new ModulePositions([
            "conv_in",
            "down_blocks.0.resnets.0.conv1",
            "down_blocks.0.resnets.0.conv2",
            "down_blocks.1.attentions.0.transformer_blocks.1.attn1.to_q",
            "down_blocks.1.attentions.0.transformer_blocks.1.attn1.to_out.0",
            "down_blocks.1.downsamplers.0.conv",
            "mid_block.resnets.1.conv1",
            "mid_block.resnets.1.conv2",
        ]);
        NodePosition[] numbered =
        [
            .. ModulePositions.Number([
                positions.OfWeight("conv_in"),
                positions.OfWeight("down_blocks.0.resnets.0.conv1"),
                positions.OfWeight("down_blocks.1.attentions.0.transformer_blocks.1.attn1.to_out.0"),
                positions.OfWeight("down_blocks.1.downsamplers.0.conv"),
                positions.OfWeight("mid_block.resnets.1.conv2"),
            ]),
        ];
        Assert.Equal(new NodePosition("", -1, "", -1, "conv_in"), numbered[0]);
        Assert.Equal(new NodePosition("down", 0, "down.0.0", -1, "conv1"), numbered[1]);
        Assert.Equal(new NodePosition("down", 1, "down.1.0", 1, "attn1.to_out.0"), numbered[2]);
        Assert.Equal(new NodePosition("down", 2, "down.1", -1, "downsamplers.0.conv"), numbered[3]);
        Assert.Equal(new NodePosition("mid", 0, "mid.0.1", -1, "conv2"), numbered[4]);
    }

    [Fact]
    public void A_graph_without_weights_is_refused()
    {
        OperationGraphException error = Assert.Throws<OperationGraphException>(() => Contract((g, x) => g.Silu(x)));
        Assert.Contains("no quantizable weight", error.Message, StringComparison.Ordinal);
    }

    private static GraphValue Condition(GraphBuilder g) => g.Input("condition", ElementType.Float32, "batch", 1, Width);

    private static OperationGraph Contract(Func<GraphBuilder, GraphValue, GraphValue> record, int conditionChunks = 1)
    {
        var tensors = new MemoryTensors();
        foreach (
            string module in (string[])
                [
                    "a",
                    "b",
                    "c",
                    "d",
                    "embed",
                    "branch",
                    "shared",
                    "time",
                    "blocks.0.q",
                    "blocks.0.k",
                    "blocks.0.v",
                    "blocks.0.out",
                    "blocks.0.gate",
                    "blocks.0.up",
                    "blocks.0.down",
                ]
        )
        {
            bool readsBoth = module is "c" or "d";
            tensors
                .WithRandom($"{module}.weight", 1, Width, readsBoth ? 2 * Width : Width)
                .WithRandom($"{module}.bias", 2, Width);
        }
        foreach (int chunks in (int[])[1, 3])
            tensors
                .WithRandom($"condition{chunks}.weight", 5, chunks * Width, Width)
                .WithRandom($"condition{chunks}.bias", 6, chunks * Width);
        tensors.WithRandom("skip.weight", 3, Width, 2 * Width).WithRandom("skip.bias", 4, Width);
        var g = new GraphBuilder(
            "Test",
            tensors,
            path =>
                path.StartsWith("condition.", StringComparison.Ordinal)
                    ? $"condition{conditionChunks}.{path["condition.".Length..]}"
                    : path
        );
        g.Output("y", record(g, g.Input("x", ElementType.Float32, "batch", 3, Width)));
        return OperationGraphBuilder.Build(g.Build());
    }

    private static string[] Lines(OperationGraph graph) =>
        [
            .. graph.Nodes.Select(
                (node, i) =>
                    $"{node.Name} <- "
                    + $"{string.Join(", ", graph.Edges.Where(edge => edge.Target == i).Select(edge => graph.Nodes[edge.Source].Name))}"
            ),
        ];
}
