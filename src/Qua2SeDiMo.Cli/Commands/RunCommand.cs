using System.CommandLine;
using Qua2SeDiMo.Labelling;
using Qua2SeDiMo.Pipelines;
using Qua2SeDiMo.Runs;
using Qua2SeDiMo.Stages;
using Spectre.Console;

namespace Qua2SeDiMo.Cli.Commands;

/// <summary><c>q2 run</c>: all stages in order.</summary>
internal static class RunCommand
{
    internal static Command Create()
    {
        var command = new Command(
            "run",
            "Run all stages: graph, bank, study, fit, explain, plan, pack, report (resumable: finished work is kept)"
        );
        var model = new ModelArguments(command);
        var generation = new StudyArguments(command);
        var trials = new TrialArguments(command);
        var predictor = new PredictorArguments(command);
        var plan = new PlanArguments(command);
        var retry = new RetryArgument(command);
        return command.Runs(
            (result, context, cancellationToken) =>
            {
                using LoadedModel loaded = model.Open(result, context);
                RunDirectory run = model.Run(result);
                StudyOptions study = trials.Apply(result, generation.Read(result, model.Folder(result))) with
                {
                    FrontObjective = predictor.Objective(result),
                    RetryFailed = retry.Given(result),
                };
                var options = new WorkflowOptions(study)
                {
                    Predictor = predictor.Options(result),
                    Objective = predictor.Objective(result),
                    SizeWeight = predictor.SizeWeight(result),
                    Budgets = plan.Budgets(result),
                    Level = plan.Level(result),
                    Decides = plan.Predictor(result),
                    Activations = plan.Activations(result),
                    Command = $"q2 {string.Join(' ', Environment.GetCommandLineArgs().Skip(1))}",
                };
                Preflight.Run(loaded, run, options.Study);
                CutTextNotes.Say(context, CutPrompts.Find(loaded, options.Study));
                WorkflowResult done = Workflow.Run(loaded, run, options, context.Progress, cancellationToken);
                context.Print(
                    done,
                    _ =>
                    {
                        StudyTables.Show(done.Study, context.Out);
                        FitTables.Show(done.Fit, context.Out);
                        foreach (string sentence in done.Sensitivity.Sentences)
                            context.Out.WriteLine(sentence);
                        ResultTables.Show(done.Plan, context.Out);
                        PackCommand.Show(done.Packed, loaded, context.Out);
                        context.Out.WriteLine(
                            $"{done.Elapsed.TotalMinutes:0.0} minutes, {done.PeakMemoryBytes / 1e6:#,0} MB at most."
                        );
                        context.Out.WriteLine($"Run directory: {Path.GetFullPath(run.DirectoryPath)}");
                        context.Out.WriteLine($"Report: {done.Report}");
                    }
                );
                return CommandContext.Unfinished(command.Name, done.Unfinished);
            }
        );
    }
}
