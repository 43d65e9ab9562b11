using Qua2SeDiMo.Predictors.Data;

namespace Qua2SeDiMo.Predictors.Import;

/// <summary>Indices of the columns of <c>trials.csv</c>; −1 for a column that is missing.</summary>
/// <param name="Target">The label.</param>
/// <param name="IsNegated">Whether the label is to be negated, because smaller is better.</param>
/// <param name="Options">The options of all weights in one cell.</param>
/// <param name="ByWeight">One column per weight; null when <paramref name="Options"/> holds them.</param>
/// <param name="AverageBits">Average bits.</param>
/// <param name="Name">Name of the trial.</param>
/// <param name="Images">File or folder of the trial's images.</param>
internal sealed record TrialColumns(
    int Target,
    bool IsNegated,
    int Options,
    IReadOnlyList<int>? ByWeight,
    int AverageBits,
    int Name,
    int Images
)
{
    /// <summary>Finds the columns by their names.</summary>
    /// <param name="table">The table.</param>
    /// <param name="weightNames">Names of all weights.</param>
    /// <param name="target">Column of the label; a leading minus sign means that smaller is better.</param>
    /// <exception cref="PredictorFormatException">A required column is missing, or a column occurs twice.</exception>
    public static TrialColumns Find(DelimitedText table, IReadOnlyList<string> weightNames, string target)
    {
        // A column may itself be called '-fid': the minus sign negates only when there is no such column.
        bool negated = table.Column(target) < 0 && target.StartsWith('-');
        int options = table.Column("options");
        return new TrialColumns(
            TargetColumn(table, negated ? target[1..] : target),
            negated,
            options,
            options >= 0 ? null : ColumnsOfWeights(table, weightNames),
            First(table, "avg_bits", "average_bits"),
            First(table, "id", "trial", "number", "name"),
            First(table, "images", "image")
        );
    }

    /// <summary>The names, separated by commas; at most twelve, then their number.</summary>
    internal static string Listed(IReadOnlyList<string> names) =>
        names.Count <= 12 ? string.Join(", ", names) : $"{string.Join(", ", names.Take(12))}, … ({names.Count} in all)";

    private static int First(DelimitedText table, params string[] names) =>
        names.Select(table.Column).FirstOrDefault(column => column >= 0, -1);

    private static int TargetColumn(DelimitedText table, string name) =>
        table.Column(name) is >= 0 and int at
            ? at
            : throw new PredictorFormatException(
                $"{table.Name} has no column '{name}'; it has {Listed(table.Header)}. "
                    + (
                        name == "target"
                            ? "'target' is the label, larger is better (name another column with --target, or "
                                + "--target=-NAME where smaller is better)."
                            : "Name one of them with --target."
                    )
            );

    private static int[] ColumnsOfWeights(DelimitedText table, IReadOnlyList<string> weightNames)
    {
        int[] columns = [.. weightNames.Select(table.Column)];
        int found = columns.Count(column => column >= 0);
        if (found == 0)
        {
            throw new PredictorFormatException(
                $"{table.Name} has no column 'options' (one digit per weight); it has {Listed(table.Header)}."
            );
        }
        return found == columns.Length
            ? columns
            : throw new PredictorFormatException(
                $"{table.Name} has columns for {found} of the {columns.Length} weights but none for "
                    + $"'{weightNames[Array.FindIndex(columns, column => column < 0)]}'."
            );
    }
}
