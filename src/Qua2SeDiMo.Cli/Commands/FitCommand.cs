using System.CommandLine;
using Qua2SeDiMo.Stages;

namespace Qua2SeDiMo.Cli.Commands;

/// <summary><c>q2 fit</c>: trains the predictor and its baselines.</summary>
internal static class FitCommand
{
    internal static Command Create()
    {
        var command = new Command("fit", "Train the predictor on the trials and hold it against ridge regression and simpler baselines");
        var model = new ModelArguments(command);
        var predictor = new PredictorArguments(command);
        return command.Runs((result, context, cancellationToken) =>
        {
            using LoadedModel loaded = model.Open(result);
            RunDirectory run = model.Run(result);
            FitRecord record = StageTimings.Measure(run, "fit", () => FitStage.Run(
                loaded, run, predictor.Options(result), predictor.Objective(result), predictor.SizeWeight(result), context.Progress, cancellationToken));
            context.Print(record, _ => ResultTables.Show(record, context.Out));
            if (!context.Json) context.Next($"explain {model.Folder(result)}");
            return ExitCode.Success;
        });
    }
}
