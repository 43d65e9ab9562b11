using System.Globalization;
using Qua2SeDiMo.Graphs.Ir;

namespace Qua2SeDiMo.Graphs.Operations;

/// <summary>Position in the network that a module path denotes, before blocks are numbered.</summary>
/// <param name="Stage">First part of the path when blocks lie below it; empty outside of the blocks.</param>
/// <param name="Levels">Numbers of the repeated modules on the path, outermost first; empty outside of the
/// blocks.</param>
/// <param name="LayerType">The path below the innermost repeated module.</param>
internal sealed record ModulePosition(string Stage, IReadOnlyList<int> Levels, string LayerType);

/// <summary>
/// Reads stage, block, transformer and layer type from module paths. No module name is built in: a number in a path
/// counts as that of a repeated module when some module numbered at the same position holds two or more weights
/// (<c>blocks.3</c>, but not <c>ff.net.2</c> or <c>to_out.0</c>).
/// </summary>
internal sealed class ModulePositions
{
    private readonly HashSet<string> repeated = new(StringComparer.Ordinal);

    /// <param name="weightNames">Module paths of all weights; <c>#1</c> marks a part.</param>
    internal ModulePositions(IEnumerable<string> weightNames)
    {
        var below = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (
            string[] path in weightNames
                .Select(QuantizableWeight.WholeOf)
                .Distinct(StringComparer.Ordinal)
                .Select(name => name.Split('.'))
        )
        {
            for (int i = 0; i < path.Length; i++)
            {
                if (!IsNumber(path[i]))
                    continue;
                string prefix = string.Join('.', path.Take(i + 1));
                int count = below[prefix] = below.GetValueOrDefault(prefix) + 1;
                if (count == 2)
                    repeated.Add(Pattern(path, i + 1));
            }
        }
    }

    internal ModulePosition OfWeight(string name)
    {
        string whole = QuantizableWeight.WholeOf(name);
        ModulePosition position = OfScope(whole);
        return position with { LayerType = position.LayerType + name[whole.Length..] };
    }

    internal ModulePosition OfScope(string scope)
    {
        string[] path = scope.Split('.');
        var levels = new List<int>();
        int after = 0;
        for (int i = 0; i < path.Length; i++)
        {
            if (!IsNumber(path[i]) || !repeated.Contains(Pattern(path, i + 1)))
                continue;
            // A top-level part without a number, such as a middle block, counts as number 0.
            if (levels.Count == 0 && i > 1)
                levels.Add(0);
            levels.Add(int.Parse(path[i], CultureInfo.InvariantCulture));
            after = i + 1;
        }
        return new ModulePosition(levels.Count == 0 ? "" : path[0], levels, string.Join('.', path.Skip(after)));
    }

    /// <summary>
    /// Numbers the blocks. A block is one pair of outer and inner number within its stage (the outer one alone where
    /// nothing is nested); a third level is the transformer.
    /// </summary>
    internal static IReadOnlyList<NodePosition> Number(IReadOnlyList<ModulePosition> positions)
    {
        string[] stages = [.. positions.Select(position => position.Stage).Where(stage => stage.Length > 0).Distinct()];
        var numbers = new Dictionary<(string, int, int), int>();
        foreach (
            var stage in positions.Where(position => position.Stage.Length > 0).GroupBy(position => position.Stage)
        )
        {
            int number = 0;
            foreach ((int outer, int inner) in stage.Select(Block).Distinct().Order())
                numbers[(stage.Key, outer, inner)] = number++;
        }
        var result = new NodePosition[positions.Count];
        for (int i = 0; i < result.Length; i++)
        {
            ModulePosition position = positions[i];
            if (position.Stage.Length == 0)
            {
                result[i] = new NodePosition("", -1, "", -1, position.LayerType);
                continue;
            }
            (int outer, int inner) = Block(position);
            string stage = stages.Length > 1 ? Short(position.Stage) : "";
            string[] parts =
            [
                stage,
                outer.ToString(CultureInfo.InvariantCulture),
                inner == int.MaxValue ? "" : inner.ToString(CultureInfo.InvariantCulture),
            ];
            result[i] = new NodePosition(
                stage,
                numbers[(position.Stage, outer, inner)],
                string.Join('.', parts.Where(part => part.Length > 0)),
                position.Levels.Count > 2 ? position.Levels[^1] : -1,
                position.LayerType
            );
        }
        return result;
    }

    // Modules without an inner number, such as a sampler beside numbered modules, are ordered after those.
    private static (int Outer, int Inner) Block(ModulePosition position) =>
        (position.Levels[0], position.Levels.Count > 1 ? position.Levels[1] : int.MaxValue);

    private static string Short(string stage)
    {
        foreach (string ending in (ReadOnlySpan<string>)["_blocks", "_block"])
        {
            if (stage.EndsWith(ending, StringComparison.Ordinal) && stage.Length > ending.Length)
                return stage[..^ending.Length];
        }
        return stage;
    }

    private static string Pattern(string[] path, int length) =>
        string.Join('.', path.Take(length).Select(part => IsNumber(part) ? "*" : part));

    private static bool IsNumber(string part) => part.Length is > 0 and < 6 && part.All(char.IsAsciiDigit);
}
