using Qua2SeDiMo.Stages;
using Qua2SeDiMo.Studies;
using Spectre.Console;

namespace Qua2SeDiMo.Cli;

/// <summary>Result of plan for people.</summary>
internal static class ResultTables
{
    internal static void Show(PlanRecord record, IAnsiConsole output)
    {
        string fresh = Objective.Parse(record.Objective).Metric.Name + PlanStage.FreshSuffix;
        string[] metrics = [.. StudyMetric.Quality.Select(metric => metric.Name).Append(fresh).Where(name => record.Entries.Any(entry => entry.Metrics.ContainsKey(name)))];
        Table table = new Table().Border(TableBorder.Simple).AddColumns(["allocation", "average bits", "bytes", "bit operations", .. metrics]);
        foreach (PlanEntry entry in record.Entries)
        {
            table.AddRow([entry.Label, $"{entry.AverageBits:0.000}", $"{entry.SizeBytes:#,0}", $"{entry.BitOperations:0.00E+0}", .. metrics.Select(metric => entry.Metrics.TryGetValue(metric, out Measured? value) ? $"{value.Value:0.0000}" : "")]);
        }
        output.Write(table);
        output.WriteLine(record.Reason);
    }
}
