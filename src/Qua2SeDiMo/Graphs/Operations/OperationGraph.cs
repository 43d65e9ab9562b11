using Qua2SeDiMo.Graphs.Ir;

namespace Qua2SeDiMo.Graphs.Operations;

/// <summary>One node of the sensitivity graph.</summary>
/// <param name="Name">Unique. A weight's own name, or the module path and the kind of a combine node.</param>
/// <param name="Kind">Weight, or the kind of combine node.</param>
/// <param name="Weight">Index into <see cref="OperationGraph.Weights"/>, −1 for combine nodes.</param>
/// <param name="Position">Position in the denoiser.</param>
internal sealed record OperationNode(string Name, OperationKind Kind, int Weight, NodePosition Position);

/// <summary>Position of a node (method.md, section 5), found from its module path.</summary>
/// <param name="Stage">Part of the denoiser, for instance <c>down</c>, <c>mid</c>, <c>up</c>; empty outside of the
/// blocks and in models with one part.</param>
/// <param name="Block">Number of the block within its stage, from 0; −1 outside of the blocks.</param>
/// <param name="BlockName">Display name of the block, for instance <c>down.1.0</c>; empty outside of the
/// blocks.</param>
/// <param name="Transformer">Number of the transformer inside the block; −1 where there is no such level.</param>
/// <param name="LayerType">Path inside the block, for instance <c>attn1.to_q</c>, or the kind of a combine
/// node.</param>
internal sealed record NodePosition(string Stage, int Block, string BlockName, int Transformer, string LayerType);

/// <summary>A positional feature of all nodes. The predictor has one embedding table per feature.</summary>
/// <param name="Name"><c>stage</c>, <c>block</c>, <c>transformer</c> or <c>layer</c>.</param>
/// <param name="Values">Display name of every code, in order; the first has the code
/// <paramref name="FirstCode"/>.</param>
/// <param name="FirstCode">−1 where that code means "outside of the blocks", else 0.</param>
/// <param name="Codes">Code of every node.</param>
internal sealed record PositionFeature(
    string Name,
    IReadOnlyList<string> Values,
    int FirstCode,
    IReadOnlyList<int> Codes
);

/// <summary>Kind of a unit, found from the structure of the graph.</summary>
internal enum OperationUnitKind
{
    /// <summary>One weight.</summary>
    Single,

    /// <summary>q, k, v and the output projection of an attention whose q and k read the same stream.</summary>
    SelfAttention,

    /// <summary>q, k, v and the output projection of an attention whose k and v read another stream.</summary>
    CrossAttention,

    /// <summary>The half of an attention that computes the attention scores: q and k.</summary>
    QueryKey,

    /// <summary>The half of an attention that carries values: v and the output projection.</summary>
    ValueOutput,

    /// <summary>A chain of weights within a block.</summary>
    FeedForward,

    /// <summary>Weights within a block that branch and join: a resnet block.</summary>
    ResnetBlock,

    /// <summary>The parts of a split weight and their sum.</summary>
    SkipJoin,

    /// <summary>Weights before the blocks: time, caption and patch embedders.</summary>
    Embedder,

    /// <summary>Weights after the blocks.</summary>
    Head,
}

/// <summary>
/// A subgraph that gets one score (method.md, section 7): every node from which the last node is reached within
/// <paramref name="Hop"/> edges.
/// </summary>
/// <param name="Kind">Kind of the unit.</param>
/// <param name="Hop">Its depth m: the m-hop embedding of the last node represents the unit.</param>
/// <param name="Nodes">Indices of its nodes, the last node at the end.</param>
/// <param name="Edges">Edges among them, as positions in <paramref name="Nodes"/>.</param>
internal sealed record OperationUnit(
    OperationUnitKind Kind,
    int Hop,
    IReadOnlyList<int> Nodes,
    IReadOnlyList<(int Source, int Target)> Edges
)
{
    /// <summary>The node whose embedding gives the unit's score.</summary>
    public int Last => Nodes[^1];
}

/// <summary>
/// The sensitivity graph, which is the predictor's view of the denoiser: nodes are weights and the points where data
/// meet, edges are the data flow (method.md, section 5). Built by <see cref="OperationGraphBuilder"/>.
/// </summary>
internal sealed class OperationGraph
{
    /// <summary>Number of hops of the predictor: 0 to 4.</summary>
    public const int HopCount = 5;

    internal OperationGraph(
        string name,
        IReadOnlyList<OperationNode> nodes,
        IReadOnlyList<(int Source, int Target)> edges,
        IReadOnlyList<IReadOnlyList<QuantizableWeight>> groups
    )
    {
        (Name, Nodes, Edges, Groups) = (name, nodes, edges, groups);
        Weights = [.. groups.Select(group => group[0])];
        Positions = PositionFeatures.Collect(nodes);
        (Units, HopNodes) = OperationUnits.Find(this);
    }

    /// <summary>Class of the denoiser.</summary>
    public string Name { get; }

    /// <summary>Nodes in the order in which the forward pass reaches them.</summary>
    public IReadOnlyList<OperationNode> Nodes { get; }

    /// <summary>Source and target of every edge, ordered by target; no edge twice, no self-loop.</summary>
    public IReadOnlyList<(int Source, int Target)> Edges { get; }

    /// <summary>The weights to which options are assigned (all but tied ones), in the order of
    /// <see cref="Graph.Weights"/>.</summary>
    public IReadOnlyList<QuantizableWeight> Weights { get; }

    /// <summary>Per entry of <see cref="Weights"/> that weight and those tied to it; sizes count all of them.</summary>
    public IReadOnlyList<IReadOnlyList<QuantizableWeight>> Groups { get; }

    /// <summary>The positional features.</summary>
    public IReadOnlyList<PositionFeature> Positions { get; }

    /// <summary>The scored subgraphs. Every weight is in at least one.</summary>
    public IReadOnlyList<OperationUnit> Units { get; }

    /// <summary>Per hop 0 … 4 the nodes whose mean is the graph embedding of that hop; null means all nodes.</summary>
    public IReadOnlyList<IReadOnlyList<int>?> HopNodes { get; }

    /// <summary>Name of a unit: the names of its weights in braces, after their common prefix.</summary>
    public string UnitName(OperationUnit unit)
    {
        ArgumentNullException.ThrowIfNull(unit);
        string[] names = [.. unit.Nodes.Where(node => Nodes[node].Weight >= 0).Select(node => Nodes[node].Name)];
        if (names.Length <= 1)
            return Nodes[unit.Last].Name;
        string[] last = Nodes[unit.Last].Name.Split('.');
        int shared = last.Length - 1;
        string[] inside = [.. names.Where(name => name.StartsWith(last[0], StringComparison.Ordinal))];
        while (
            shared > 0
            && !inside.All(name => name.StartsWith(string.Join('.', last.Take(shared)) + ".", StringComparison.Ordinal))
        )
            shared--;
        string prefix = string.Join('.', last.Take(shared));
        return $"{prefix}{{{string.Join(", ", names.Select(Own))}}}";

        string Own(string name) =>
            shared > 0 && name.StartsWith(prefix + ".", StringComparison.Ordinal) ? name[(prefix.Length + 1)..] : name;
    }
}
