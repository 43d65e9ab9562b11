using System.CommandLine;
using System.CommandLine.Parsing;
using Qua2SeDiMo.Labelling;
using Qua2SeDiMo.Measurement;
using Qua2SeDiMo.Pipelines;
using Qua2SeDiMo.Runs;
using Qua2SeDiMo.Stages;
using Spectre.Console;

namespace Qua2SeDiMo.Cli.Commands;

/// <summary><c>q2 run</c>: runs all stages in order.</summary>
internal static class RunCommand
{
    private const int MeasuredTrials = 16,
        PaperTrials = 64;

    private enum RunMethod
    {
        Measured,
        Paper,
    }

    internal static Command Create()
    {
        var command = new Command(
            "run",
            "Run all stages: bank, graph, measure, study, plan, pack, report (resumable: finished work is kept)"
        );
        var model = new ModelArguments(command);
        var generation = new StudyArguments(command);
        var trials = new TrialArguments(command, $"{MeasuredTrials}, and {PaperTrials} with --method paper");
        var predictor = new PredictorArguments(command);
        var plan = new PlanArguments(command);
        var retry = new RetryArgument(command);
        var method = ChoiceOption.Optional<RunMethod>(
            "--method",
            "measured: plans by measured damage, and a few random trials for the line to the metric; paper: the "
                + "published method, networks and ridge regression on random trials. Default: measured, or paper "
                + "where an option of fitted models is given"
        );
        command.Add(method);
        bool WantsFit(CommandResult result) =>
            predictor.OfFit.Any(option => OptionRules.IsGiven(result, option)) || plan.WantsFit(result);
        command.Validators.Add(result =>
        {
            bool isPaper = result.GetValue(method) is { } given ? given == RunMethod.Paper : WantsFit(result);
            if (isPaper && plan.BoundsOperations(result))
                result.AddError(
                    "--bit-operations plans by what was measured, and --method paper, which options of fitted models "
                        + "stand for too, measures nothing."
                );
            if (result.GetValue(method) == RunMethod.Measured && WantsFit(result))
                result.AddError(
                    "--method measured fits no model: options of networks, ridge regression and their plans go with "
                        + "--method paper."
                );
        });
        return command.Runs(
            (result, context, cancellationToken) =>
            {
                using OpenModel loaded = model.Open(result, context);
                RunDirectory run = model.Run(result);
                bool isPaper = result.GetValue(method) is { } chosen
                    ? chosen == RunMethod.Paper
                    : WantsFit(result.CommandResult);
                StudyOptions asked = generation.Read(result, model.Folder(result));
                StudyOptions study = trials.Apply(result, asked, isPaper ? PaperTrials : MeasuredTrials) with
                {
                    FrontObjective = predictor.Objective(result),
                    RetryFailed = retry.Given(result),
                };
                var options = new WorkflowOptions(study)
                {
                    Measures = !isPaper,
                    Notes = context.Notes,
                    Predictor = predictor.Options(result),
                    Objective = predictor.Objective(result),
                    SizeWeight = predictor.SizeWeight(result),
                    Budgets = plan.Budgets(result),
                    Level = plan.Level(result),
                    Decides = plan.Predictor(result),
                    Activations = plan.Activations(result),
                    Operations = plan.Operations(result),
                    Command = $"q2 {string.Join(' ', Environment.GetCommandLineArgs().Skip(1))}",
                };
                Preflight.Run(loaded, run, options.Study);
                CutTextNotes.Say(context, CutPrompts.Find(loaded, options.Study));
                WorkflowResult done = Workflow.Run(loaded, run, options, context.Progress, cancellationToken);
                context.Print(MeasuredExplanation.With(done, done.Measured), _ => Show(done, loaded, run, context));
                return CommandContext.Unfinished(command.Name, done.Unfinished);
            }
        );
    }

    private static void Show(WorkflowResult done, OpenModel loaded, RunDirectory run, CommandContext context)
    {
        StudyTables.Show(done.Study, context.Out);
        if (done.Fit is not null)
            FitTables.Show(done.Fit, context.Out);
        IReadOnlyList<string> measured = done.Measured is { } found ? MeasuredWords.Of(found) : [];
        foreach (string sentence in measured.Concat(done.Sensitivity?.Sentences ?? []))
            context.Out.WriteLine(sentence);
        ResultTables.Show(done.Plan, context.Out);
        PackCommand.Show(done.Packed, loaded, context.Out);
        context.Out.WriteLine($"{done.Elapsed.TotalMinutes:0.0} minutes, {done.PeakMemoryBytes / 1e6:#,0} MB at most.");
        context.Out.WriteLine($"Run directory: {Path.GetFullPath(run.DirectoryPath)}");
        context.Out.WriteLine($"Report: {done.Report}");
    }
}
