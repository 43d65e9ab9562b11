using System.Globalization;
using System.Text;
using Qua2SeDiMo.Graphs.Operations;
using Qua2SeDiMo.Json;
using Qua2SeDiMo.Predictors.Data;

namespace Qua2SeDiMo.Predictors.Import;

/// <summary>Reads <c>dag.json</c> of an external study: nodes with options, edges, hop nodes, units, folds. The layout
/// is in docs/formats.md.</summary>
internal sealed class ExternalGraph
{
    private const string FileName = "dag.json";
    internal const int MaximumNodes = 50_000;
    internal const int MaximumEdges = 500_000;
    private const long MaximumElements = 1L << 40;
    private static readonly string[] PositionFields = ["stage", "block", "inner_block", "layer_code"];
    private static readonly string[] MethodNames = ["uaq", "kmeans_c", "kmeans_a"];

    private readonly ForeignValue root;
    private readonly IReadOnlyList<ForeignValue> nodes;
    private readonly bool[] isWeight;
    private readonly List<string> notes = [];

    private ExternalGraph(ForeignValue root)
    {
        this.root = root;
        if (!root.IsObject)
            throw Fault($"the document is {Kind(root)}; expected an object with 'nodes' and 'edges'.");
        nodes = List(root, "nodes", "the file");
        if (nodes.Count is 0 or > MaximumNodes)
            throw Fault($"'nodes' lists {nodes.Count:#,0} nodes; expected 1 to {MaximumNodes:#,0}.");
        isWeight = [.. nodes.Select((node, i) => Text(node, "kind", Place(i)) == "weight")];
        if (!Array.Exists(isWeight, weight => weight))
            throw Fault("no node has the kind 'weight'.");
        int weightIndex = 0;
        WeightOfNode = [.. isWeight.Select(weight => weight ? weightIndex++ : -1)];
        Names = WeightNames();
        Topology = ReadTopology();
        Features = ReadFeatures();
        Weights = [.. Enumerable.Range(0, nodes.Count).Where(i => isWeight[i]).Select(Describe)];
        (Units, UnitsAreDerived) = ReadUnits();
        TrueSensitivities = ReadTruth();
        if (!root["folds"].IsNull)
        {
            Folds =
            [
                .. List(root, "folds", "the file").Select((fold, f) => (IReadOnlyList<int>)Integers(fold, $"fold {f}")),
            ];
        }
    }

    public IReadOnlyList<int> WeightOfNode { get; }
    public IReadOnlyList<string> Names { get; }
    public IReadOnlyList<WeightPosition> Weights { get; }
    public PredictorTopology Topology { get; }
    public OptionFeatures Features { get; }
    public IReadOnlyList<PredictorUnit> Units { get; }
    public bool UnitsAreDerived { get; }
    public IReadOnlyList<IReadOnlyList<int>>? Folds { get; }

    /// <summary>True sensitivities, [weight][option], if the file states one for every option; otherwise
    /// null.</summary>
    public IReadOnlyList<IReadOnlyList<double>>? TrueSensitivities { get; }

    public IReadOnlyList<string> Notes => notes;

    /// <exception cref="PredictorFormatException">The document is not such a graph; the message names the node, edge or
    /// field.</exception>
    /// <exception cref="JsonFileException">The text is not JSON.</exception>
    public static ExternalGraph Parse(string json)
    {
        var heard = new Notes();
        var graph = new ExternalGraph(ForeignJson.Parse(Encoding.UTF8.GetBytes(json), FileName, heard, byHand: true));
        graph.notes.AddRange(heard.All);
        return graph;
    }

    /// <summary>Checks that there are at least two folds, and that they are disjoint, not empty, and list existing
    /// trials.</summary>
    public void CheckFolds(int trialCount)
    {
        if (Folds is null)
            return;
        const string Hint = "Take 'folds' out of the graph, or pass --own-folds, to have new ones made.";
        var seen = new HashSet<int>();
        for (int f = 0; f < Folds.Count; f++)
        {
            if (Folds[f].Count == 0)
                throw Fault($"fold {f} of 'folds' lists no trials. {Hint}");
            foreach (int trial in Folds[f])
            {
                if ((uint)trial >= (uint)trialCount)
                    throw Fault(
                        $"fold {f} of 'folds' lists trial {trial}; trials.csv holds {trialCount} (0 to {trialCount - 1}). {Hint}"
                    );
                if (!seen.Add(trial))
                    throw Fault($"trial {trial} is listed twice in 'folds'. {Hint}");
            }
        }
        if (Folds.Count < 2)
            throw Fault($"'folds' has {Folds.Count} fold; at least 2 are needed. {Hint}");
    }

    private static PredictorFormatException Fault(string text) =>
        new(
            $"{FileName}: {text}"
                + (
                    text.Contains("docs/formats.md", StringComparison.Ordinal)
                        ? ""
                        : " The layout is described in docs/formats.md."
                )
        );

    private string Place(int node) =>
        nodes[node].IsObject && nodes[node]["name"] is { IsText: true } name
            ? $"node {node} ('{name.Text()}')"
            : $"node {node}";

    private string[] WeightNames()
    {
        string[] names =
        [
            .. nodes
                .Where((_, i) => isWeight[i])
                .Select((node, w) => node["name"] is { IsText: true } name ? name.Text() : $"weight {w}"),
        ];
        string? twice = names
            .GroupBy(name => name, StringComparer.Ordinal)
            .FirstOrDefault(group => group.Count() > 1)
            ?.Key;
        return twice is null ? names : throw Fault($"two weights are called '{twice}'.");
    }

    private PredictorTopology ReadTopology()
    {
        (PositionColumn[] positions, int[] codes) = Positions();
        IReadOnlyList<ForeignValue> listed = List(root, "edges", "the file");
        if (listed.Count > MaximumEdges)
            throw Fault($"'edges' lists {listed.Count:#,0} edges; at most {MaximumEdges:#,0} are supported.");
        (int Source, int Target)[] edges =
        [
            .. listed.Select(
                (edge, e) =>
                {
                    int[] ends = Integers(edge, $"edge {e}");
                    if (ends.Length != 2)
                        throw Fault($"edge {e} has {ends.Length} numbers; expected a source and a target node.");
                    foreach (int end in ends)
                    {
                        if ((uint)end >= (uint)nodes.Count)
                            throw Fault(
                                $"edge {e} is [{ends[0]}, {ends[1]}]; there are {nodes.Count} nodes (0 to {nodes.Count - 1})."
                            );
                    }
                    return (ends[0], ends[1]);
                }
            ),
        ];
        (int, int)[] once = [.. edges.Distinct()];
        if (once.Length < edges.Length)
            notes.Add($"{edges.Length - once.Length} edges were listed twice and count once.");
        RequireNoCycle(once);
        var hopNodes = new IReadOnlyList<int>?[PredictorTopology.HopCount];
        if (root["hop_nodes"] is { IsObject: true } hops)
        {
            for (int m = 0; m < hopNodes.Length; m++)
            {
                if (hops[m.ToString(CultureInfo.InvariantCulture)] is { IsNull: false } chosen)
                    hopNodes[m] = Integers(chosen, $"hop {m} of 'hop_nodes'");
            }
        }
        else
            notes.Add("The graph lists no hop nodes; every hop averages all nodes.");
        return new PredictorTopology(WeightOfNode, positions, codes, once, hopNodes);
    }

    private void RequireNoCycle((int Source, int Target)[] edges)
    {
        int[] waiting = new int[nodes.Count];
        ILookup<int, int> readers = edges.ToLookup(edge => edge.Source, edge => edge.Target);
        foreach ((_, int target) in edges)
            waiting[target]++;
        var open = new Queue<int>(Enumerable.Range(0, nodes.Count).Where(v => waiting[v] == 0));
        int done = 0;
        while (open.TryDequeue(out int v))
        {
            done++;
            foreach (int reader in readers[v])
                if (--waiting[reader] == 0)
                    open.Enqueue(reader);
        }
        if (done == nodes.Count)
            return;
        // Every remaining node has a remaining input, so a walk upstream must revisit a node, which closes the circle.
        ILookup<int, int> inputs = edges
            .Where(edge => waiting[edge.Source] > 0 && waiting[edge.Target] > 0)
            .ToLookup(edge => edge.Target, edge => edge.Source);
        var path = new List<int> { Array.FindIndex(waiting, count => count > 0) };
        while (inputs[path[^1]].First() is var next)
        {
            int before = path.IndexOf(next);
            path.Add(next);
            if (before < 0)
                continue;
            path = path[before..];
            break;
        }
        path.Reverse();
        throw Fault(
            $"the edges run in a circle: {string.Join(" → ", path.Take(12))}{(path.Count > 12 ? " → …" : "")}; data flow has none."
        );
    }

    // Positions are given either as named features with a code list per node, or as one field per feature.
    private (PositionColumn[] Columns, int[] Codes) Positions()
    {
        if (root["positions"] is { IsList: true } listed)
        {
            PositionColumn[] named =
            [
                .. listed.Items.Select(
                    (feature, p) =>
                        new PositionColumn(
                            Text(feature, "name", $"position {p}"),
                            List(feature, "values", $"position {p}").Count,
                            -Integer(feature, "first_code", $"position {p}")
                        )
                ),
            ];
            return (
                named,
                [
                    .. nodes.SelectMany(
                        (node, i) =>
                        {
                            int[] codes = Integers(
                                Field(node, "position_codes", Place(i)),
                                $"'position_codes' of {Place(i)}"
                            );
                            return codes.Length == named.Length
                                ? codes
                                : throw Fault(
                                    $"{Place(i)} has {codes.Length} position codes; 'positions' names {named.Length}."
                                );
                        }
                    ),
                ]
            );
        }
        string[] fields = [.. PositionFields.Where(field => nodes.Any(node => !node[field].IsNull))];
        if (fields.Length == 0)
            notes.Add("The nodes state no positions; the network cannot tell equal weights apart.");
        int[] values =
        [
            .. nodes.SelectMany(
                (node, i) => fields.Select(field => node[field].IsNull ? -1 : Integer(node, field, Place(i)))
            ),
        ];
        return (
            [
                .. fields.Select(
                    (field, p) =>
                    {
                        int[] column =
                        [
                            .. Enumerable.Range(0, nodes.Count).Select(v => values[(v * fields.Length) + p]),
                        ];
                        int shift = Math.Max(0, -column.Min());
                        if (column.Max() > MaximumNodes || shift > 1)
                            throw Fault(
                                $"'{field}' runs from {column.Min()} to {column.Max()}; expected -1 (outside) to {MaximumNodes:#,0}."
                            );
                        return new PositionColumn(
                            field == "layer_code" ? "layer" : field,
                            column.Max() + shift + 1,
                            shift
                        );
                    }
                ),
            ],
            values
        );
    }

    private OptionFeatures ReadFeatures()
    {
        int first = Array.IndexOf(isWeight, true);
        string[] order = root["option_order"] is { IsList: true } stated
            ? [.. stated.Items.Select(option => option.Text())]
            : [.. List(nodes[first], "options", Place(first)).Select(option => Text(option, "option", Place(first)))];
        if (order.Length is < 2 or > 64 || order.Distinct().Count() != order.Length)
            throw Fault($"'option_order' lists {string.Join(", ", order)}; expected 2 to 64 different options.");
        OptionCode[] options = [.. order.Select(Code)];
        var original = new List<long>();
        var quantized = new List<long>();
        var errors = new List<double>();
        for (int i = 0; i < nodes.Count; i++)
        {
            if (!isWeight[i])
                continue;
            var own = new Dictionary<string, ForeignValue>(StringComparer.OrdinalIgnoreCase);
            foreach (ForeignValue option in List(nodes[i], "options", Place(i)))
            {
                if (!own.TryAdd(Text(option, "option", Place(i)), option))
                    throw Fault($"{Place(i)} lists the option '{Text(option, "option", Place(i))}' twice.");
            }
            foreach (string name in order)
            {
                if (!own.TryGetValue(name, out ForeignValue option))
                    throw Fault(
                        $"{Place(i)} has no option '{name}' of 'option_order'; it has {string.Join(", ", own.Keys)}."
                    );
                string place = $"option '{name}' of {Place(i)}";
                quantized.Add(Bytes(option, "quantized_bytes", place));
                double error = Number(option, "error", place);
                errors.Add(error >= 0 ? error : throw Fault($"{place} has the error {error}; expected 0 or more."));
                if (name == order[0])
                    original.Add(Bytes(option, "original_bytes", place));
            }
        }
        int bits = root.Has("original_precision_bits") ? Integer(root, "original_precision_bits", "the file") : 16;
        if (bits is < 8 or > 64)
            throw Fault($"'original_precision_bits' is {bits}; expected 16 or 32.");
        return new OptionFeatures(options, original, quantized, errors, bits);
    }

    private OptionCode Code(string name)
    {
        int cut = name.LastIndexOf('-');
        if (cut <= 0)
            throw Fault($"the option '{name}' is not called METHOD-BITS, for instance uaq-4.");
        (string method, string bits) = (name[..cut], name[(cut + 1)..]);
        int methodCode = Stated("method_codes", method) ?? Array.IndexOf(MethodNames, method.Replace('-', '_')) + 1;
        int bitCode =
            Stated("bit_codes", bits)
            ?? (
                bits == "3" ? 2
                : bits == "4" ? 1
                : 0
            );
        if (methodCode <= 0 || bitCode <= 0)
            throw Fault(
                $"the option '{name}' has no code above 0 in 'method_codes' and 'bit_codes' (0 is for combine nodes)."
            );
        return new OptionCode(name, methodCode, bitCode);

        int? Stated(string table, string key)
        {
            if (root[table] is not { IsObject: true } codes)
                return null;
            foreach ((string name, ForeignValue code) in codes.Members)
            {
                if (name.Replace('-', '_').Equals(key.Replace('-', '_'), StringComparison.OrdinalIgnoreCase))
                    return code.Int();
            }
            throw Fault($"'{table}' has no code for '{key}', which the option '{name}' needs.");
        }
    }

    private WeightPosition Describe(int node)
    {
        ForeignValue element = nodes[node];
        string? Optional(string field) =>
            element[field] is { IsText: true } value && value.Text().Length > 0 ? value.Text() : null;
        int block = element["block"] is { IsNumber: true } code ? code.Int() : -1;
        string stage = Optional("stage") is { } name ? name + " " : "";
        long parameters = element["shape"] is { IsList: true } shape
            ? Elements(Integers(shape, $"'shape' of {Place(node)}"), Place(node))
            : Features.OriginalBytes(WeightOfNode[node]) * 8 / Features.OriginalBits;
        return new WeightPosition(
            Names[WeightOfNode[node]],
            block < 0 ? "outside" : Optional("block_name") ?? $"{stage}block {block}",
            Optional("type") ?? (element.Has("layer_code") ? $"layer {element["layer_code"].Excerpt()}" : "weight"),
            parameters
        );
    }

    private static long Elements(int[] shape, string place)
    {
        long count = 1;
        foreach (int extent in shape)
        {
            if (extent < 1 || extent > MaximumElements / count)
                throw Fault(
                    $"'shape' of {place} is [{string.Join(", ", shape.Take(8))}{(shape.Length > 8 ? ", …" : "")}]; "
                        + $"expected positive extents of at most {MaximumElements:#,0} elements."
                );
            count *= extent;
        }
        return count;
    }

    private (IReadOnlyList<PredictorUnit> Units, bool Derived) ReadUnits()
    {
        if (root["units"].IsNull)
        {
            string[] types = new string[nodes.Count];
            for (int i = 0; i < nodes.Count; i++)
                types[i] = isWeight[i] ? Weights[WeightOfNode[i]].LayerType : "";
            IReadOnlyList<PredictorUnit> derived = DerivedUnits.Find(Topology, Names, types);
            notes.Add(
                derived.Count == 0
                    ? "The graph lists no units and its shape suggests none: scores are at op level only."
                    : $"The graph lists no units; {derived.Count} were derived from its shape (weights of a block "
                        + "that only each other read)."
            );
            return (derived, true);
        }
        return (
            [
                .. List(root, "units", "the file")
                    .Select(
                        (unit, u) =>
                        {
                            string place = unit.Has("name") ? $"unit {u} ({unit["name"].Excerpt()})" : $"unit {u}";
                            int[] members = Integers(Field(unit, "nodes", place), $"'nodes' of {place}");
                            if (members.Length == 0 || members.Any(v => (uint)v >= (uint)nodes.Count))
                                throw Fault($"{place} lists nodes outside of 0 to {nodes.Count - 1}, or none.");
                            (int, int)[] edges = unit["edges"] is { IsList: true } own
                                ?
                                [
                                    .. own
                                        .Items.Select(edge => Integers(edge, $"'edges' of {place}"))
                                        .Select(ends =>
                                            ends.Length == 2 && ends.All(end => (uint)end < (uint)members.Length)
                                                ? (ends[0], ends[1])
                                                : throw Fault(
                                                    $"{place} has an edge outside of its {members.Length} nodes; "
                                                        + "edges of units are positions in their 'nodes'."
                                                )
                                        ),
                                ]
                                : DerivedUnits.InnerEdges(Topology, members);
                            int hop = Integer(unit, "hop", place);
                            if (hop is < 0 or >= PredictorTopology.HopCount)
                                throw Fault(
                                    $"{place} has the hop {hop}; expected 0 to {PredictorTopology.HopCount - 1}."
                                );
                            int[] weights = [.. members.Select(v => WeightOfNode[v]).Where(w => w >= 0)];
                            if (Math.Pow(Features.OptionCount, weights.Length) > DerivedUnits.MaxCombinations)
                                throw Fault(
                                    $"{place} has {weights.Length} weights, "
                                        + $"{Features.OptionCount}^{weights.Length} combinations; at most "
                                        + $"{DerivedUnits.MaxCombinations:#,0} are scored."
                                );
                            return new PredictorUnit(
                                unit["name"].TextOrNull() ?? place,
                                unit["kind"].TextOrNull() ?? "Unit",
                                hop,
                                members,
                                edges,
                                weights
                            );
                        }
                    ),
            ],
            false
        );
    }

    private double[][]? ReadTruth()
    {
        ForeignValue[] weights = [.. nodes.Where((_, i) => isWeight[i])];
        if (!weights.All(node => node["options"].Items.All(option => option.Has("true_sensitivity"))))
            return null;
        return
        [
            .. weights.Select(
                (node, w) =>
                {
                    Dictionary<string, double> own = node["options"]
                        .Items.ToDictionary(
                            option => option["option"].Text(),
                            option => Number(option, "true_sensitivity", Names[w]),
                            StringComparer.OrdinalIgnoreCase
                        );
                    return Features.Options.Select(option => own[option.Name]).ToArray();
                }
            ),
        ];
    }

    private static string Kind(ForeignValue value) =>
        value switch
        {
            { IsList: true } => "a list",
            { IsObject: true } => "an object",
            { IsNull: true } => "null",
            { IsText: true } => "text",
            { IsNumber: true } => "a number",
            _ => "a truth value",
        };

    private static ForeignValue Field(ForeignValue parent, string name, string place) =>
        !parent.IsObject ? throw Fault($"{place} is {Kind(parent)}; expected an object.")
        : parent.Has(name) ? parent[name]
        : throw Fault($"{place} has no '{name}'.");

    private static IReadOnlyList<ForeignValue> List(ForeignValue parent, string name, string place) =>
        Field(parent, name, place) is { IsList: true } list
            ? list.Items
            : throw Fault($"'{name}' of {place} is {Kind(Field(parent, name, place))}; expected a list.");

    private static string Text(ForeignValue parent, string name, string place) =>
        Field(parent, name, place) is { IsText: true } text
            ? text.Text()
            : throw Fault($"'{name}' of {place} is {Kind(Field(parent, name, place))}; expected text.");

    private static int Integer(ForeignValue parent, string name, string place) =>
        Field(parent, name, place).TryInt(out int value)
            ? value
            : throw Fault($"'{name}' of {place} is {Field(parent, name, place)}; expected an integer.");

    private static double Number(ForeignValue parent, string name, string place) =>
        Field(parent, name, place) is { IsNumber: true } number && double.IsFinite(number.Number())
            ? number.Number()
            : throw Fault($"'{name}' of {place} is {Field(parent, name, place)}; expected a finite number.");

    private static long Bytes(ForeignValue parent, string name, string place) =>
        Number(parent, name, place) is >= 1 and <= MaximumElements and var value
            ? (long)value
            : throw Fault(
                $"'{name}' of {place} is {Field(parent, name, place)}; expected bytes, 1 to {MaximumElements:#,0}."
            );

    private static int[] Integers(ForeignValue array, string place)
    {
        if (!array.IsList)
            throw Fault($"{place} is {Kind(array)}; expected a list of integers.");
        return
        [
            .. array.Items.Select(value =>
                value.TryInt(out int number) ? number : throw Fault($"{place} holds {value}; expected integers.")
            ),
        ];
    }
}
