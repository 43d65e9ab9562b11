using Qua2SeDiMo.Labelling;
using Qua2SeDiMo.Studies;
using Qua2SeDiMo.Studies.Objectives;
using Spectre.Console;

namespace Qua2SeDiMo.Cli;

/// <summary>Shows trials and reliabilities as tables on the terminal.</summary>
internal static class StudyTables
{
    internal static void Show(StudySummary summary, IAnsiConsole output)
    {
        output.WriteLine(
            $"{summary.Complete} trials complete, {summary.Failed} "
                + $"failed{(summary.SetAside > 0 ? $", {summary.SetAside} set aside" : "")}; "
                + $"{summary.SecondsPerTrial:0.00} s per trial, {summary.OutsideRuntimeShare:P1} of it outside ONNX "
                + "Runtime."
        );
        if (summary.Speed is { } speed)
        {
            output.WriteLine(
                $"{speed.ImagesPerMinute:0} images a minute of {speed.DenoiserGflopPerImage:0.00} GFLOP each: "
                    + $"{speed.GflopsPerSecond:0.0} GFLOP/s, "
                    + $"{speed.ShareOfMatMul:P0} of the {speed.MatMulGflopsPerSecond:0.0} that ONNX Runtime's own MatMul reaches here."
            );
        }
        if (summary.Reliabilities.Count == 0)
            return;
        Table table = new Table()
            .Border(TableBorder.Simple)
            .AddColumns("metric", "split-half reliability", "at equal size", "");
        foreach (ObjectiveReliability row in summary.Reliabilities)
        {
            table.AddRow(
                row.Metric,
                $"{row.Reliability:0.000} ± {row.Spread:0.000}",
                $"{row.ReliabilityAtEqualSize:0.000} ± {row.SpreadAtEqualSize:0.000}",
                row.Metric == summary.Objective ? "objective" : ""
            );
        }
        output.Write(table);
    }

    internal static void ShowTrials(IReadOnlyList<Trial> trials, IAnsiConsole output)
    {
        string[] metrics =
        [
            .. StudyMetric
                .Quality.Select(metric => metric.Name)
                .Where(name => trials.Any(trial => trial.Metrics.ContainsKey(name))),
        ];
        Table table = new Table()
            .Border(TableBorder.Simple)
            .AddColumns(["trial", "state", "average bits", "bytes", .. metrics]);
        foreach (Trial trial in trials)
        {
            string Cell(string metric, string format) =>
                trial.Metrics.TryGetValue(metric, out double value) ? value.ToString(format) : "";
            table.AddRow([
                trial.Name.EscapeMarkup(),
                trial.State == TrialState.SetAside ? "set aside" : trial.State.ToString().ToLowerInvariant(),
                Cell(StudyMetric.AverageBits.Name, "0.000"),
                Cell(StudyMetric.SizeBytes.Name, "#,0"),
                .. metrics.Select(metric => Cell(metric, "0.0000")),
            ]);
        }
        output.Write(table);
    }
}
