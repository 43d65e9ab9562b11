using Qua2SeDiMo.Plans;
using Qua2SeDiMo.Predictors.Evaluation;

namespace Qua2SeDiMo.Reports.Charts;

/// <summary>Texts and tables about a <see cref="ScoreFront"/>.</summary>
internal static class FrontWords
{
    /// <summary>Unit of the front's scores.</summary>
    public static string Unit(this ScoreFront front, string objective) =>
        front.Model == ModelNames.Network ? "standard deviations of the network's node norms" : $"units of {objective}";

    /// <summary>The plans and candidates that were chosen by the front's scores.</summary>
    public static IReadOnlyList<PlanEntry> Proposals(this ScoreFront front, ReportData report) =>
        [
            .. report
                .Entries.Where(entry => entry.Scores == front.Scores && entry.PredictedScore is not null)
                .Where(entry => entry.Kind is PlanKind.Plan or PlanKind.Candidate),
        ];

    /// <summary>All points of the front as a table.</summary>
    public static TableData ToTable(this ScoreFront front, string objective) =>
        new(
            [new("AverageBits", true), new($"Score, {front.Unit(objective)}", true)],
            [
                .. front.Points.Select(
                    IReadOnlyList<TableCell> (point) =>
                        [TableCell.Number(point.AverageBits, 4), TableCell.Number(point.Score, 4)]
                ),
            ]
        );
}
