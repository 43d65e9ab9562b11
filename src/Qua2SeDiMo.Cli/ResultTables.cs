using Qua2SeDiMo.Plans;
using Qua2SeDiMo.Studies.Objectives;
using Spectre.Console;

namespace Qua2SeDiMo.Cli;

/// <summary>Shows plans as tables on the terminal.</summary>
internal static class ResultTables
{
    internal static void Show(Plan record, IAnsiConsole output)
    {
        string fresh = Objective.Parse(record.Objective).Metric.Name + PlanEntry.FreshSuffix;
        string[] metrics =
        [
            .. StudyMetric
                .Quality.Select(metric => metric.Name)
                .Append(fresh)
                .Where(name => record.Entries.Any(entry => entry.Metrics.ContainsKey(name))),
        ];
        bool promises = record.Entries.Any(entry => entry.Promise is not null);
        Table table = new Table()
            .Border(TableBorder.Simple)
            .AddColumns([
                "allocation",
                "average bits",
                "bytes",
                "bit operations",
                .. promises ? ["promised"] : Array.Empty<string>(),
                .. metrics,
            ]);
        foreach (PlanEntry entry in record.Entries)
        {
            string[] promised = !promises
                ? []
                :
                [
                    entry.Promise is { } promise
                        ? $"{promise.Value:0.000} ({promise.Low:0.000} to {promise.High:0.000})"
                        : "",
                ];
            table.AddRow([
                entry.Label.EscapeMarkup(),
                $"{entry.AverageBits:0.000}",
                $"{entry.SizeBytes:#,0}",
                $"{entry.BitOperations:0.00E+0}",
                .. promised,
                .. metrics.Select(metric =>
                    entry.Metrics.TryGetValue(metric, out Measured? value) ? $"{value.Value:0.0000}" : ""
                ),
            ]);
        }
        output.Write(table);
        output.WriteLine(record.Reason);
    }

    /// <summary>Shows plans for external trials, which are not verified by images.</summary>
    internal static void ShowUnverified(Plan record, IAnsiConsole output)
    {
        Table table = new Table()
            .Border(TableBorder.Simple)
            .AddColumns("allocation", "average bits", "bytes", $"predicted {record.Objective}".EscapeMarkup(), "label");
        foreach (PlanEntry entry in record.Entries)
        {
            table.AddRow(
                entry.Label.EscapeMarkup(),
                $"{entry.AverageBits:0.000}",
                $"{entry.SizeBytes:#,0}",
                $"{entry.PredictedObjective:0.0000}",
                entry.Metrics.TryGetValue(record.Objective, out Measured? label) ? $"{label.Value:0.0000}" : ""
            );
        }
        output.Write(table);
        output.WriteLine(record.Reason);
        foreach (ScoreFront front in record.Fronts.Where(front => front.Points.Count > 0))
        {
            output.WriteLine(
                $"Front of score against size, {front.Scores.Label}: {front.Points.Count} points from "
                    + $"{front.Points[0].AverageBits:0.000} to {front.Points[^1].AverageBits:0.000} average bits (in --json and --front)."
            );
        }
        foreach (string note in record.Notes)
            output.WriteLine(note);
    }
}
