using System.CommandLine;
using Qua2SeDiMo.Stages;

namespace Qua2SeDiMo.Cli.Commands;

/// <summary><c>q2 plan</c>: allocations for requested sizes, verified by images.</summary>
internal static class PlanCommand
{
    internal static Command Create()
    {
        var command = new Command("plan", "Choose allocations for requested sizes and verify them, and their baselines, by generating images");
        var model = new ModelArguments(command);
        var plan = new PlanArguments(command);
        var front = new Option<string?>("--front") { Description = "File for the whole front of score against size of every proposer that adds up scores, as CSV" };
        command.Add(front);
        return command.Runs((result, context, cancellationToken) =>
        {
            using LoadedModel loaded = model.Open(result);
            RunDirectory run = model.Run(result);
            PlanRecord record = StageTimings.Measure(run, "plan", () => PlanStage.Run(loaded, run, plan.Budgets(result), plan.Predictor(result), plan.Level(result), plan.Activations(result), context.Progress, cancellationToken));
            if (result.GetValue(front) is { } file) AtomicFile.WriteText(file, PlanProposals.Csv(record.Fronts));
            context.Print(record, _ => ResultTables.Show(record, context.Out));
            if (!context.Json) context.Next($"pack {model.Folder(result)}");
            return ExitCode.Success;
        });
    }
}
