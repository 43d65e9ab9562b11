using System.CommandLine;
using Qua2SeDiMo.Labelling;
using Qua2SeDiMo.Pipelines;
using Qua2SeDiMo.Predictors;
using Qua2SeDiMo.Predictors.Import;
using Qua2SeDiMo.Runs;
using Qua2SeDiMo.Stages;

namespace Qua2SeDiMo.Cli.Commands;

/// <summary><c>q2 fit</c>: trains the predictor and its baselines.</summary>
internal static class FitCommand
{
    internal static Command Create()
    {
        var command = new Command(
            "fit",
            "Train the predictor on the trials and hold it against ridge regression and simpler baselines"
        );
        var source = new SourceArguments(command);
        var predictor = new PredictorArguments(command);
        return command.Runs(
            (result, context, cancellationToken) =>
            {
                RunDirectory run = source.Run(result);
                Fit record = StageTimings.Measure(
                    run,
                    "fit",
                    () =>
                    {
                        LabelledStudy study = Read(source, predictor, result, context, run);
                        return FitStage.Run(
                            study,
                            run,
                            predictor.Options(result),
                            source.Truth(result, study),
                            context.Progress,
                            cancellationToken
                        );
                    }
                );
                context.Print(record, _ => FitTables.Show(record, context.Out));
                if (!context.Json)
                    context.Next($"explain {source.Words(result)}");
                return ExitCode.Success;
            }
        );
    }

    private static LabelledStudy Read(
        SourceArguments source,
        PredictorArguments predictor,
        ParseResult result,
        CommandContext context,
        RunDirectory run
    )
    {
        string? metric = predictor.Objective(result);
        if (source.IsExternal(result))
        {
            RunIdentity.RequireNoModel(run);
            return metric is null
                ? source.ReadFiles(result, predictor.SizeWeight(result))
                : throw new FormatException(
                    "--objective names a metric of a model's own study; with --trials, name the column of the label with --target."
                );
        }
        using OpenModel loaded = source.Open(result, context);
        return StudyTrials.Read(loaded, run, FitStage.ObjectiveOf(run, metric, predictor.SizeWeight(result)));
    }
}
