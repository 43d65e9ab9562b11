using Qua2SeDiMo.Sensitivity;
using Qua2SeDiMo.Stages;
using Qua2SeDiMo.Studies;
using Spectre.Console;

namespace Qua2SeDiMo.Cli;

/// <summary>Results of explain and plan for people.</summary>
internal static class ResultTables
{
    internal static void Show(SensitivityRecord record, int count, IAnsiConsole output)
    {
        SensitivityResult scores = record.By(record.Decides);
        Table table = new Table().Border(TableBorder.Simple).AddColumns(["weight", "block", "type", "4 to 3 bits costs", .. scores.Options]);
        foreach ((WeightPosition place, WeightScores weight) in record.Weights.Zip(scores.Weights).OrderByDescending(pair => pair.Second.BitDrop).Take(count))
        {
            table.AddRow([place.Name, place.Block, place.LayerType, $"{weight.BitDrop:0.0000} ± {weight.BitDropDeviation:0.0000}",
                .. weight.Scores.Zip(weight.Deviations, (score, deviation) => $"{score:+0.0000;-0.0000} ± {deviation:0.0000}")]);
        }
        output.Write(table);
        foreach (string sentence in record.Sentences) output.WriteLine(sentence);
    }

    internal static void Show(PlanRecord record, IAnsiConsole output)
    {
        string fresh = Objective.Parse(record.Objective).Metric.Name + PlanStage.FreshSuffix;
        string[] metrics = [.. StudyMetric.Quality.Select(metric => metric.Name).Append(fresh).Where(name => record.Entries.Any(entry => entry.Metrics.ContainsKey(name)))];
        Table table = new Table().Border(TableBorder.Simple).AddColumns(["allocation", "average bits", "bytes", .. metrics]);
        foreach (PlanEntry entry in record.Entries)
        {
            table.AddRow([entry.Label, $"{entry.AverageBits:0.000}", $"{entry.SizeBytes:#,0}", .. metrics.Select(metric => entry.Metrics.TryGetValue(metric, out Measured? value) ? $"{value.Value:0.0000}" : "")]);
        }
        output.Write(table);
        output.WriteLine(record.Reason);
    }
}
