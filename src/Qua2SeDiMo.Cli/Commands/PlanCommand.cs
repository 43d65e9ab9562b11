using System.CommandLine;
using Qua2SeDiMo.Pipelines;
using Qua2SeDiMo.Plans;
using Qua2SeDiMo.Predictors.Import;
using Qua2SeDiMo.Runs;
using Qua2SeDiMo.Stages;
using Qua2SeDiMo.Storage;

namespace Qua2SeDiMo.Cli.Commands;

/// <summary><c>q2 plan</c>: chooses allocations for requested sizes and, if there is a model, verifies them by
/// images.</summary>
internal static class PlanCommand
{
    internal static Command Create()
    {
        var command = new Command(
            "plan",
            "Choose allocations for requested sizes and verify them, and their baselines, by generating images; "
                + "for --trials from outside, by prediction only"
        );
        var source = new SourceArguments(command, withTruth: false);
        var plan = new PlanArguments(command);
        var front = new Option<string?>("--front")
        {
            Description =
                "File for the whole front of score against size of every plan source that sums scores, as CSV",
        };
        command.Add(front);
        var retry = new RetryArgument(command);
        return command.Runs(
            (result, context, cancellationToken) =>
            {
                RunDirectory run = source.Run(result);
                if (source.IsExternal(result))
                {
                    if (plan.Activations(result).Count > 0)
                        throw new FormatException(
                            "--activations needs a model to generate images with; trials from outside have none."
                        );
                    if (plan.Operations(result) is not null)
                        throw new FormatException(
                            "--bit-operations needs a measured model; trials from outside have none."
                        );
                    LabelledStudy study = source.Read(result, run, context);
                    Plan unverified = StageTimings.Measure(
                        run,
                        "plan",
                        () =>
                            PlanStage.Run(
                                study,
                                run,
                                plan.Budgets(result),
                                plan.Predictor(result),
                                plan.Level(result),
                                cancellationToken
                            )
                    );
                    if (result.GetValue(front) is { } csv)
                        AtomicFile.WriteText(csv, ScoreFront.Csv(unverified.Fronts));
                    context.Print(unverified, _ => ResultTables.ShowUnverified(unverified, context.Out));
                    return ExitCode.Success;
                }
                using OpenModel loaded = source.Open(result, context);
                Plan record = StageTimings.Measure(
                    run,
                    "plan",
                    () =>
                        PlanStage.Run(
                            loaded,
                            run,
                            plan.Budgets(result),
                            plan.Predictor(result),
                            plan.Level(result),
                            plan.Activations(result),
                            plan.Operations(result),
                            retry.Given(result),
                            context.Progress,
                            cancellationToken
                        )
                );
                if (result.GetValue(front) is { } file)
                    AtomicFile.WriteText(file, ScoreFront.Csv(record.Fronts));
                context.Print(record, _ => ResultTables.Show(record, context.Out));
                if (record.Unverified.Count == 0 && !context.Json)
                    context.Next($"pack {source.Words(result)}");
                return CommandContext.Unfinished(command.Name, record.Unverified);
            }
        );
    }
}
