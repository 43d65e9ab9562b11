using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Qua2SeDiMo.Graphs.Operations;
using Xunit;

namespace Qua2SeDiMo.Tests.Graphs;

/// <summary>
/// A sensitivity graph that the method's authors made by hand. Tests apply the deliberate differences to it one by one,
/// each with its reason; the result must equal the contracted graph in all nodes, edges and units.
/// </summary>
internal sealed class PublishedDag
{
    private readonly Dictionary<string, HashSet<string>> inputs = [];
    private readonly HashSet<string> weights = [];
    private readonly List<(int Hop, HashSet<string> Nodes)> units = [];
    private readonly Dictionary<int, HashSet<string>?> hops = [];

    internal PublishedDag(string family)
    {
        JsonNode root = JsonNode.Parse(File.ReadAllText(RepositoryFiles.Golden($"dags/{family}.json")))!;
        JsonArray nodes = root["nodes"]!.AsArray();
        string[] names = [.. nodes.Select(node => node!["name"]!.GetValue<string>())];
        for (int i = 0; i < names.Length; i++)
        {
            inputs[names[i]] = [];
            if (nodes[i]!["weight"]!.GetValue<bool>())
                weights.Add(names[i]);
        }
        foreach (JsonNode? edge in root["edges"]!.AsArray())
            inputs[names[edge![1]!.GetValue<int>()]].Add(names[edge[0]!.GetValue<int>()]);
        foreach (JsonNode? unit in root["units"]!.AsArray())
        {
            units.Add(
                (unit!["hop"]!.GetValue<int>(), [.. unit["nodes"]!.AsArray().Select(name => name!.GetValue<string>())])
            );
        }
        foreach ((string hop, JsonNode? list) in root["hop_nodes"]!.AsObject())
        {
            hops[int.Parse(hop)] = list is null ? null : [.. list.AsArray().Select(name => name!.GetValue<string>())];
        }
    }

    internal int NodeCount => inputs.Count;

    internal int EdgeCount => inputs.Values.Sum(sources => sources.Count);

    internal IReadOnlyCollection<string> Weights => weights;

    internal bool Has(string node) => inputs.ContainsKey(node);

    internal IEnumerable<string> Matching(string pattern) =>
        inputs.Keys.Where(name => Regex.IsMatch(name, pattern)).ToList();

    internal IReadOnlyCollection<string> Inputs(string node) => inputs[node];

    internal IEnumerable<string> Readers(string node) =>
        inputs.Where(pair => pair.Value.Contains(node)).Select(pair => pair.Key).ToList();

    /// <summary>Removes nodes; their readers then read the nodes' inputs.</summary>
    internal void Bypass(string pattern)
    {
        foreach (string node in Matching(pattern))
        {
            foreach (string reader in Readers(node))
            {
                inputs[reader].Remove(node);
                inputs[reader].UnionWith(inputs[node]);
            }
            inputs.Remove(node);
            foreach ((_, HashSet<string> members) in units)
                members.Remove(node);
            foreach (HashSet<string>? list in hops.Values)
                list?.Remove(node);
        }
    }

    internal void Combine(string node, params IEnumerable<string> sources) => inputs[node] = [.. sources];

    internal void Weight(string node, params IEnumerable<string> sources)
    {
        weights.Add(node);
        inputs[node] = [.. sources];
    }

    internal void Edge(string source, string target) => inputs[target].Add(source);

    internal void RemoveEdge(string source, string target) =>
        Assert.True(inputs[target].Remove(source), $"{source} → {target}");

    internal void Rename(string node, string name)
    {
        inputs[name] = inputs[node];
        inputs.Remove(node);
        if (weights.Remove(node))
            weights.Add(name);
        foreach (
            HashSet<string> set in inputs
                .Values.Concat(units.Select(unit => unit.Nodes))
                .Concat(hops.Values.OfType<HashSet<string>>())
        )
        {
            if (set.Remove(node))
                set.Add(name);
        }
    }

    internal void Remove(string node)
    {
        weights.Remove(node);
        inputs.Remove(node);
        foreach (HashSet<string> sources in inputs.Values)
            sources.Remove(node);
        foreach (HashSet<string>? list in hops.Values)
            list?.Remove(node);
    }

    /// <summary>Replaces the units that contain a matching node.</summary>
    internal void Units(string holding, params IEnumerable<(int Hop, string[] Weights)> instead)
    {
        units.RemoveAll(unit => unit.Nodes.Any(node => Regex.IsMatch(node, holding)));
        units.AddRange(instead.Select(unit => (unit.Hop, unit.Weights.ToHashSet())));
    }

    internal void Hop(int hop, params string[]? nodes) => hops[hop] = nodes is null ? null : [.. nodes];

    internal void HopAdd(int hop, params IEnumerable<string> nodes) => hops[hop]!.UnionWith(nodes);

    internal void HopRemove(int hop, params IEnumerable<string> nodes) => hops[hop]!.ExceptWith(nodes);

    /// <summary>Lists every remaining difference; empty when the graphs are equal.</summary>
    internal IReadOnlyList<string> Compare(OperationGraph ours)
    {
        var differences = new List<string>();
        Dictionary<string, string> known = Match(ours, differences);
        string[] Mapped(IEnumerable<string> names) =>
            [.. names.Select(name => known.GetValueOrDefault(name, $"?{name}")).Order(StringComparer.Ordinal)];

        var ourInputs = ours
            .Nodes.Select(
                (node, i) =>
                    (
                        node.Name,
                        Sources: ours.Edges.Where(edge => edge.Target == i).Select(edge => ours.Nodes[edge.Source].Name)
                    )
            )
            .ToDictionary(pair => pair.Name, pair => pair.Sources.Order(StringComparer.Ordinal).ToArray());
        foreach ((string name, string mapped) in known)
        {
            string[] expected = Mapped(inputs[name]);
            if (!expected.SequenceEqual(ourInputs[mapped]))
                differences.Add(
                    $"{mapped} reads [{string.Join(", ", ourInputs[mapped])}], published [{string.Join(", ", expected)}]"
                );
        }
        differences.AddRange(
            ourInputs
                .Keys.Except(known.Values)
                .Select(name => $"node of ours alone: {name} <- {string.Join(", ", ourInputs[name])}")
        );

        string Text(int hop, IEnumerable<string> members) =>
            $"{hop}: {string.Join(", ", members.Order(StringComparer.Ordinal))}";
        HashSet<string> published = [.. units.Select(unit => Text(unit.Hop, unit.Nodes.Where(weights.Contains)))];
        HashSet<string> found =
        [
            .. ours.Units.Select(unit =>
                Text(
                    unit.Hop,
                    unit.Nodes.Where(node => ours.Nodes[node].Weight >= 0).Select(node => ours.Nodes[node].Name)
                )
            ),
        ];
        differences.AddRange(published.Except(found).Select(unit => $"unit published alone {unit}"));
        differences.AddRange(found.Except(published).Select(unit => $"unit of ours alone {unit}"));

        for (int hop = 0; hop < OperationGraph.HopCount; hop++)
        {
            HashSet<string>? expected = hops[hop] is { } list ? [.. Mapped(list)] : null;
            HashSet<string>? actual = ours.HopNodes[hop] is { } nodes
                ? [.. nodes.Select(node => ours.Nodes[node].Name)]
                : null;
            if (expected is null || actual is null)
            {
                if ((expected is null) != (actual is null))
                    differences.Add(
                        $"hop {hop}: published {(expected is null ? "all" : expected.Count)}, ours "
                            + $"{(actual is null ? "all" : string.Join(", ", actual))}"
                    );
                continue;
            }
            differences.AddRange(expected.Except(actual).Select(name => $"hop {hop} published alone {name}"));
            differences.AddRange(actual.Except(expected).Select(name => $"hop {hop} of ours alone {name}"));
        }
        return differences;
    }

    // Matches weights by name, and combine nodes by their inputs.
    private Dictionary<string, string> Match(OperationGraph ours, List<string> differences)
    {
        Dictionary<string, string> known = [];
        HashSet<string> ourWeights =
        [
            .. ours.Nodes.Where(node => node.Kind == OperationKind.Weight).Select(node => node.Name),
        ];
        foreach (string weight in weights)
        {
            if (ourWeights.Contains(weight))
                known[weight] = weight;
            else
                differences.Add($"weight published alone: {weight}");
        }
        var byInputs = ours
            .Nodes.Select((node, i) => (node, i))
            .Where(pair => pair.node.Kind != OperationKind.Weight)
            .ToLookup(
                pair =>
                    string.Join(
                        '|',
                        ours.Edges.Where(edge => edge.Target == pair.i)
                            .Select(edge => ours.Nodes[edge.Source].Name)
                            .Order(StringComparer.Ordinal)
                    ),
                pair => pair.node.Name
            );
        List<string> open = [.. inputs.Keys.Where(name => !weights.Contains(name))];
        for (bool changed = true; changed; )
        {
            changed = false;
            foreach (string name in open.Where(name => inputs[name].All(known.ContainsKey)).ToList())
            {
                string[] candidates =
                [
                    .. byInputs[
                        string.Join('|', inputs[name].Select(source => known[source]).Order(StringComparer.Ordinal))
                    ],
                ];
                if (candidates.Length != 1)
                    continue;
                known[name] = candidates[0];
                open.Remove(name);
                changed = true;
            }
        }
        differences.AddRange(
            open.Select(name =>
                $"node published alone: {name} <- "
                + $"{string.Join(", ", inputs[name].Select(source => known.GetValueOrDefault(source, $"?{source}")))}"
            )
        );
        return known;
    }
}
