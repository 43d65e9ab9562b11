using Qua2SeDiMo.Graphs.Operations;
using Qua2SeDiMo.Predictors.Data;

namespace Qua2SeDiMo.Sensitivity;

/// <summary>Finds groups of weights by name.</summary>
internal static class WeightGroups
{
    /// <summary>Name for the position of weights that are in no block.</summary>
    internal const string Outside = "outside";

    /// <summary>The weight, unit, operator type or block of this name, ignoring case; otherwise the only weight whose
    /// name ends with it.</summary>
    /// <exception cref="UnknownWeightException">There is no match, or several weights end with the text; the message
    /// lists similar names.</exception>
    internal static WeightGroup Find(
        string text,
        IReadOnlyList<WeightPosition> weights,
        IReadOnlyList<PredictorUnit> units
    )
    {
        int[] Where(Func<WeightPosition, bool> matches) =>
            [.. Enumerable.Range(0, weights.Count).Where(w => matches(weights[w]))];
        bool Equal(string name) => name.Equals(text, StringComparison.OrdinalIgnoreCase);
        if (Where(weight => Equal(weight.Name)) is { Length: > 0 } named)
            return new WeightGroup(weights[named[0]].Name, "weight", named);
        if (units.FirstOrDefault(unit => Equal(unit.Name)) is { } unit)
            return new WeightGroup(unit.Name, "unit", unit.Weights);
        if (Where(weight => Equal(weight.LayerType)) is { Length: > 0 } typed)
            return new WeightGroup(weights[typed[0]].LayerType, "type", typed);
        if (Where(weight => Equal(BlockOf(weight))) is { Length: > 0 } block)
            return new WeightGroup(BlockOf(weights[block[0]]), "block", block);
        int[] ending = Where(weight => weight.Name.EndsWith(text, StringComparison.OrdinalIgnoreCase));
        if (ending.Length == 1)
            return new WeightGroup(weights[ending[0]].Name, "weight", ending);
        string[] near =
        [
            .. weights
                .Select(weight => weight.Name)
                .Where(name => name.Contains(text, StringComparison.OrdinalIgnoreCase))
                .Take(6),
        ];
        throw new UnknownWeightException(
            $"'{text}' is no weight, unit, operator type or block here. "
                + (near.Length > 0 ? $"Weights with it in their names: {string.Join(", ", near)}. " : "")
                + $"Types: {string.Join(", ", weights.Select(weight => weight.LayerType).Distinct().Take(12))}. "
                + $"Blocks: {string.Join(", ", weights.Select(BlockOf).Distinct().Take(6))}, …."
        );
    }

    /// <summary>All operator types with two or more weights, in order of appearance.</summary>
    internal static IReadOnlyList<WeightGroup> Types(IReadOnlyList<WeightPosition> weights) =>
        [
            .. Enumerable
                .Range(0, weights.Count)
                .GroupBy(w => weights[w].LayerType)
                .Where(group => group.Count() > 1)
                .Select(group => new WeightGroup(group.Key, "type", [.. group])),
        ];

    /// <summary>Name of a weight's block; "outside" where it has none.</summary>
    internal static string BlockOf(WeightPosition weight) => weight.Block.Length > 0 ? weight.Block : Outside;
}
