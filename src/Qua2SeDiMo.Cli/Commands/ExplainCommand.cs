using System.CommandLine;
using Qua2SeDiMo.Stages;

namespace Qua2SeDiMo.Cli.Commands;

/// <summary><c>q2 explain</c>: the sensitivity of every operator.</summary>
internal static class ExplainCommand
{
    internal static Command Create()
    {
        var command = new Command("explain", "Score every weight under every option, with spread, and say what the numbers say");
        var model = new ModelArguments(command);
        var top = new Option<int>("--top") { Description = "Weights to list, most sensitive first", DefaultValueFactory = _ => 20 };
        command.Add(top);
        return command.Runs((result, context, cancellationToken) =>
        {
            using LoadedModel loaded = model.Open(result);
            RunDirectory run = model.Run(result);
            SensitivityRecord record = StageTimings.Measure(run, "explain", () => ExplainStage.Run(loaded, run, context.Progress, cancellationToken));
            context.Print(record, _ => ResultTables.Show(record, result.GetValue(top), context.Out));
            if (!context.Json) context.Next($"plan {model.Folder(result)}");
            return ExitCode.Success;
        });
    }
}
