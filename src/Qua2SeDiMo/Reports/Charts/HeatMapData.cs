using Qua2SeDiMo.Reports.Words;

namespace Qua2SeDiMo.Reports.Charts;

/// <summary>Data of a heat map, for instance the mean spread of scores by block and operator type.</summary>
/// <param name="Rows">Labels of the rows.</param>
/// <param name="Columns">Labels of the columns.</param>
/// <param name="Values">Values, [row][column]; null for an empty cell.</param>
internal sealed record HeatMapData(
    IReadOnlyList<string> Rows,
    IReadOnlyList<string> Columns,
    IReadOnlyList<IReadOnlyList<double?>> Values
)
{
    /// <summary>Mean spread of scores by block and operator type, over the weights inside blocks.</summary>
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
