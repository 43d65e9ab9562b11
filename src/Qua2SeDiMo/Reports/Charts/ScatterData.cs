using Qua2SeDiMo.Reports.Words;

namespace Qua2SeDiMo.Reports.Charts;

/// <summary>Data of a plot of predicted against measured objective on held-out trials.</summary>
/// <param name="Unit">Objective and unit of both axes.</param>
/// <param name="Points">The held-out trials.</param>
internal sealed record ScatterData(string Unit, IReadOnlyList<HeldOutTrial> Points)
{
    public TableData ToTable() =>
        new(
            [
                new("Trial", true),
                new("AverageBits", true),
                new("Measured", true),
                new("Predicted", true),
                new("Error", true),
            ],
            [
                .. Points.Select(
                    IReadOnlyList<TableCell> (point) =>
                        [
                            TableCell.Number(point.Trial.Number, 0),
                            TableCell.Number(point.Trial.AverageBits, 3),
                            TableCell.Number(point.Trial.Objective, 3),
                            TableCell.Number(point.Predicted, 3),
                            TableCell.Number(point.Predicted - point.Trial.Objective, 3),
                        ]
                ),
            ]
        );
}
