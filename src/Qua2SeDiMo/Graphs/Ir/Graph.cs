namespace Qua2SeDiMo.Graphs.Ir;

/// <summary>
/// A computation graph over tensors: inputs, initializers and nodes in running order. Immutable. Data of large
/// initializers stay in the checkpoint until a writer or a session reads them.
/// </summary>
internal sealed class Graph
{
    /// <summary>Creates a graph and checks that its names are unique and defined before use.</summary>
    /// <exception cref="ArgumentException">A node reads a value that nothing before it provides, two values share a
    /// name, or nothing computes an output.</exception>
    public Graph(
        string name,
        IReadOnlyList<GraphValue> inputs,
        IReadOnlyList<GraphValue> outputs,
        IReadOnlyList<GraphNode> nodes,
        IReadOnlyList<Initializer> initializers,
        IReadOnlyList<GraphWeight> weights,
        IReadOnlyDictionary<string, GraphValue> values
    )
    {
        (Name, Inputs, Outputs, Nodes, Initializers, Weights, Values) = (
            name,
            inputs,
            outputs,
            nodes,
            initializers,
            weights,
            values
        );
        Check();
    }

    /// <summary>Class of the model, for instance <c>PixArtTransformer2DModel</c>.</summary>
    public string Name { get; }

    /// <summary>Values that the caller provides, in declared order.</summary>
    public IReadOnlyList<GraphValue> Inputs { get; }

    /// <summary>Values that a run returns, in declared order.</summary>
    public IReadOnlyList<GraphValue> Outputs { get; }

    /// <summary>Operator calls; each reads only earlier outputs.</summary>
    public IReadOnlyList<GraphNode> Nodes { get; }

    /// <summary>Constants and checkpoint tensors, each once, in order of first use.</summary>
    public IReadOnlyList<Initializer> Initializers { get; }

    /// <summary>Weights that may be quantized, in order of first use in the forward pass.</summary>
    public IReadOnlyList<GraphWeight> Weights { get; }

    /// <summary>Type and shape of every value by name: inputs, initializers and node outputs.</summary>
    public IReadOnlyDictionary<string, GraphValue> Values { get; }

    /// <summary>The same program with other outputs; nodes, inputs, initializers and weights that they do not need are
    /// left out.</summary>
    /// <param name="names">Outputs or inner values of this graph.</param>
    /// <exception cref="ArgumentException">The graph has no value with one of the names.</exception>
    public Graph WithOutputs(params IReadOnlyList<string> names)
    {
        ArgumentNullException.ThrowIfNull(names);
        var needed = new HashSet<string>(names);
        foreach (string name in names)
        {
            if (!Values.ContainsKey(name))
                throw new ArgumentException($"Graph {Name} has no value '{name}'.", nameof(names));
        }
        var nodes = new List<GraphNode>();
        foreach (GraphNode node in Nodes.Reverse())
        {
            if (!node.Outputs.Any(needed.Contains))
                continue;
            nodes.Add(node);
            needed.UnionWith(node.Inputs);
        }
        nodes.Reverse();
        needed.UnionWith(nodes.SelectMany(node => node.Outputs));
        return new Graph(
            Name,
            [.. Inputs.Where(input => needed.Contains(input.Name))],
            [.. names.Select(name => Values[name])],
            nodes,
            [.. Initializers.Where(initializer => needed.Contains(initializer.Name))],
            [.. Weights.Where(weight => needed.Contains(weight.Initializer.Name))],
            Values.Where(pair => needed.Contains(pair.Key)).ToDictionary()
        );
    }

    private void Check()
    {
        var known = new HashSet<string>();
        foreach (
            string name in Inputs
                .Select(input => input.Name)
                .Concat(Initializers.Select(initializer => initializer.Name))
        )
        {
            if (!known.Add(name))
                throw new ArgumentException($"Graph {Name}: two values are named '{name}'.");
        }
        foreach (GraphNode node in Nodes)
        {
            foreach (string input in node.Inputs)
            {
                if (input.Length > 0 && !known.Contains(input))
                {
                    throw new ArgumentException(
                        $"Graph {Name}: node '{node.Name}' reads '{input}', which nothing before it provides."
                    );
                }
            }
            foreach (string output in node.Outputs)
            {
                if (output.Length > 0 && !known.Add(output))
                    throw new ArgumentException($"Graph {Name}: two values are named '{output}'.");
            }
        }
        foreach (GraphValue output in Outputs)
        {
            if (!known.Contains(output.Name))
                throw new ArgumentException($"Graph {Name}: nothing computes the output '{output.Name}'.");
        }
    }
}
