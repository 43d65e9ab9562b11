using System.Globalization;
using Qua2SeDiMo.Graphs.Ir;

namespace Qua2SeDiMo.Graphs.Operations;

// Draft nodes made by the walk, their simplification, and the finished graph.
internal sealed partial class OperationGraphBuilder
{
    private sealed class Draft(OperationKind kind, string scope)
    {
        internal OperationKind Kind { get; set; } = kind;

        internal string Scope { get; } = scope;

        internal int Weight { get; init; } = -1;

        internal List<int> Inputs { get; } = [];

        internal bool IsOutput { get; set; }

        internal bool IsRepeatedSum { get; set; }

        internal bool IsGone { get; set; }
    }

    private DataFlow Make(OperationKind kind, string scope, params ReadOnlySpan<DataFlow> inputs)
    {
        int draft = drafts.Count;
        drafts.Add(new Draft(kind, scope));
        foreach (DataFlow input in inputs)
        {
            Connect(input, draft);
            // A gate whose condition already reached the branch adds no edge; any other condition becomes an input.
            if (input.Source >= 0 && input.Factor >= 0 && !Reaches(input.Factor, input.Source))
                Connect(new DataFlow(input.Factor), draft);
        }
        return new DataFlow(draft);
    }

    // A scaled stream that is read without a shift: the scaling becomes a node.
    private DataFlow Settle(DataFlow flow) =>
        flow.Source < 0 || flow.Factor < 0
            ? flow
            : Make(OperationKind.Modulation, flow.FactorScope, new DataFlow(flow.Source), new DataFlow(flow.Factor));

    private void Connect(DataFlow flow, int target)
    {
        List<int> inputs = drafts[target].Inputs;
        if (flow.Source >= 0 && flow.Source != target && !inputs.Contains(flow.Source))
            inputs.Add(flow.Source);
    }

    private bool Reaches(int ancestor, int descendant)
    {
        var seen = new HashSet<int>();
        var open = new Stack<int>([descendant]);
        while (open.TryPop(out int at))
        {
            if (at == ancestor)
                return true;
            if (!seen.Add(at))
                continue;
            foreach (int input in drafts[at].Inputs)
                open.Push(input);
        }
        return false;
    }

    private void Simplify()
    {
        bool changed = true;
        while (changed)
        {
            changed = false;
            List<int>[] readers = Readers();
            for (int i = drafts.Count - 1; i >= 0; i--)
            {
                Draft draft = drafts[i];
                if (draft.IsGone || draft.IsOutput || draft.Weight >= 0)
                    continue;
                bool vanishes =
                    readers[i].Count == 0
                    || (
                        readers[i].Count == 1
                        && (
                            draft.Kind == OperationKind.Concat
                            || (
                                draft.Kind == OperationKind.Add
                                && draft.IsRepeatedSum
                                && drafts[readers[i][0]].Weight >= 0
                            )
                        )
                    );
                if (!vanishes)
                    continue;
                draft.IsGone = true;
                foreach (int reader in readers[i])
                    Splice(i, reader);
                changed = true;
                break;
            }
        }
    }

    private void Splice(int gone, int reader)
    {
        List<int> inputs = drafts[reader].Inputs;
        int at = inputs.IndexOf(gone);
        inputs.RemoveAt(at);
        foreach (int source in drafts[gone].Inputs)
        {
            if (source != reader && !inputs.Contains(source))
                inputs.Insert(at++, source);
        }
    }

    private List<int>[] Readers()
    {
        var readers = new List<int>[drafts.Count];
        for (int i = 0; i < readers.Length; i++)
            readers[i] = [];
        for (int i = 0; i < drafts.Count; i++)
        {
            if (drafts[i].IsGone)
                continue;
            foreach (int input in drafts[i].Inputs)
                readers[input].Add(i);
        }
        return readers;
    }

    private OperationGraph Finish()
    {
        int unused = Array.FindIndex(leaders, leader => draftOfWeight[leader] < 0);
        if (unused >= 0)
            throw new OperationGraphException(
                $"{graph.Name}: no operator reads the weight '{graph.Weights[unused].Weight.Name}'."
            );
        int[] alive = [.. Enumerable.Range(0, drafts.Count).Where(i => !drafts[i].IsGone)];
        var indexOf = new Dictionary<int, int>();
        for (int i = 0; i < alive.Length; i++)
            indexOf[alive[i]] = i;

        int[] own = [.. Enumerable.Range(0, leaders.Length).Where(i => leaders[i] == i)];
        var paths = new ModulePositions(graph.Weights.Select(weight => weight.Weight.Name));
        var names = new HashSet<string>(graph.Weights.Select(weight => weight.Weight.Name), StringComparer.Ordinal);
        var drafted = new List<(string Name, OperationKind Kind, int Weight, ModulePosition Position)>(alive.Length);
        foreach (Draft draft in alive.Select(i => drafts[i]))
        {
            bool isWeight = draft.Weight >= 0;
            string name = isWeight ? graph.Weights[draft.Weight].Weight.Name : Unique(names, draft);
            drafted.Add(
                (
                    name,
                    draft.Kind,
                    isWeight ? Array.IndexOf(own, draft.Weight) : -1,
                    isWeight
                        ? PositionOf(draft.Weight, paths)
                        : paths.OfScope(draft.Scope) with
                        {
                            LayerType = draft.Kind.Text(),
                        }
                )
            );
        }
        IReadOnlyList<NodePosition> positions = ModulePositions.Number([.. drafted.Select(node => node.Position)]);
        OperationNode[] nodes =
        [
            .. drafted.Select((node, i) => new OperationNode(node.Name, node.Kind, node.Weight, positions[i])),
        ];
        (int, int)[] edges =
        [
            .. alive.SelectMany(target => drafts[target].Inputs.Select(source => (indexOf[source], indexOf[target]))),
        ];
        return new OperationGraph(
            graph.Name,
            nodes,
            edges,
            [
                .. own.Select(i =>
                    (IReadOnlyList<QuantizableWeight>)
                        [
                            .. Enumerable
                                .Range(i, leaders.Length - i)
                                .Where(j => leaders[j] == i)
                                .Select(j => graph.Weights[j].Weight),
                        ]
                ),
            ]
        );
    }

    // A weight to which weights of other blocks are tied counts as outside of the blocks.
    private ModulePosition PositionOf(int weight, ModulePositions paths)
    {
        string name = graph.Weights[weight].Weight.Name;
        ModulePosition position = paths.OfWeight(name);
        bool isShared = Enumerable
            .Range(0, leaders.Length)
            .Any(i =>
                leaders[i] == weight
                && !paths.OfWeight(graph.Weights[i].Weight.Name).Levels.SequenceEqual(position.Levels)
            );
        return isShared ? new ModulePosition("", [], name) : position;
    }

    private static string Unique(HashSet<string> names, Draft draft)
    {
        string stem = draft.Scope.Length == 0 ? draft.Kind.Text() : $"{draft.Scope}.{draft.Kind.Text()}";
        string name = stem;
        for (int i = 2; !names.Add(name); i++)
            name = string.Create(CultureInfo.InvariantCulture, $"{stem}_{i}");
        return name;
    }
}
