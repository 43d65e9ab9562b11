using Qua2SeDiMo.Reports.Words;

namespace Qua2SeDiMo.Reports.Charts;

/// <summary>Mean spread of scores by block and operator type.</summary>
/// <param name="Rows">Blocks.</param>
/// <param name="Columns">Operator types.</param>
/// <param name="Values">[row][column]; null where the block has no such operator.</param>
internal sealed record HeatMapData(
    IReadOnlyList<string> Rows,
    IReadOnlyList<string> Columns,
    IReadOnlyList<IReadOnlyList<double?>> Values
)
{
    /// <summary>Collects the weights inside blocks.</summary>
    public static HeatMapData Collect(ReportData report)
    {
        ScoredWeight[] weights =
        [
            .. ScoredWeight.All(report).Where(weight => !weight.IsOutside && weight.Spread is not null),
        ];
        string[] rows = [.. weights.Select(weight => weight.Block).Distinct()];
        string[] columns = [.. weights.Select(weight => weight.Role).Distinct()];
        ILookup<(string, string), double> cells = weights.ToLookup(
            weight => (weight.Block, weight.Role),
            weight => weight.Spread!.Value
        );
        return new HeatMapData(
            rows,
            columns,
            [
                .. rows.Select(
                    IReadOnlyList<double?> (row) =>
                        [
                            .. columns.Select(column =>
                                cells.Contains((row, column)) ? cells[(row, column)].Average() : (double?)null
                            ),
                        ]
                ),
            ]
        );
    }

    public TableData ToTable() =>
        new(
            [new("Block"), .. Columns.Select(column => new TableColumn(column, true))],
            [
                .. Rows.Select(
                    IReadOnlyList<TableCell> (row, i) => [row, .. Values[i].Select(value => TableCell.Number(value, 2))]
                ),
            ]
        );
}
