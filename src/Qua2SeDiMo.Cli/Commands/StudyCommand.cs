using System.CommandLine;
using Qua2SeDiMo.Diffusion;
using Qua2SeDiMo.Labelling;
using Qua2SeDiMo.Pipelines;
using Qua2SeDiMo.Runs;
using Qua2SeDiMo.Stages;
using Qua2SeDiMo.Studies;
using Qua2SeDiMo.Studies.Allocations;

namespace Qua2SeDiMo.Cli.Commands;

/// <summary><c>q2 study</c>: labels allocations by the quality of images generated with them.</summary>
internal static class StudyCommand
{
    internal static Command Create()
    {
        var command = new Command(
            "study",
            "Draw allocations, generate images with each, and measure them (resumable; several processes may share a run)"
        );
        var model = new ModelArguments(command);
        var generation = new StudyArguments(command);
        var trials = new TrialArguments(command);
        var allocations = new Option<string?>("--allocations")
        {
            Description = "Label the allocations of this JSON file instead, and compare with the labels that it holds",
        };
        var objective = PredictorArguments.Objective("Metric to optimise; default: the most reliable");
        command.Add(allocations);
        command.Add(objective);
        var retry = new RetryArgument(command);
        trials.Exclude(command, allocations);
        command.Excludes(objective, allocations, "all metrics of listed allocations are shown, and none is chosen by");
        return command.Runs(
            (result, context, cancellationToken) =>
            {
                using OpenModel loaded = model.Open(result, context);
                RunDirectory run = model.Run(result);
                StudyOptions options = trials.Apply(result, generation.Read(result, model.Folder(result))) with
                {
                    FrontObjective = result.GetValue(objective),
                    RetryFailed = retry.Given(result),
                };
                options.Scoring.Require(result.GetValue(objective));
                Preflight.Study(loaded, run, options);
                IReadOnlyList<CutText> cut = CutTextNotes.Say(context, CutPrompts.Find(loaded, options));
                if (result.GetValue(allocations) is { } file)
                {
                    return LabelGiven(
                        loaded,
                        run,
                        options,
                        file,
                        name => StudyArguments.IsGiven(result, name),
                        context,
                        cancellationToken
                    );
                }
                IReadOnlyList<Trial> labelled = StageTimings.Measure(
                    run,
                    "study",
                    () => StudyStage.Run(loaded, run, options, context.Progress, cancellationToken)
                );
                StudySummary summary = StudyStage.Summarise(
                    loaded,
                    run,
                    options,
                    labelled,
                    result.GetValue(objective)
                ) with
                {
                    Cut = cut,
                };
                context.Print(summary, _ => StudyTables.Show(summary, context.Out));
                UnfinishedTrials open = UnfinishedTrials.Of(labelled, options.TrialCount);
                if (open.IsEmpty && !context.Json)
                    context.Next($"fit {model.Folder(result)}");
                return CommandContext.Unfinished(command.Name, open.IsEmpty ? [] : [$"{open}"]);
            }
        );
    }

    private static int LabelGiven(
        OpenModel loaded,
        RunDirectory run,
        StudyOptions asked,
        string file,
        Func<string, bool> isGiven,
        CommandContext context,
        CancellationToken cancellationToken
    )
    {
        AllocationProtocol protocol = AllocationFile.ReadProtocol(file);
        ProtocolChoice choice = ProtocolChoice.Between(file, protocol, asked, isGiven);
        StudyOptions options = choice.Options;
        Preflight.Study(loaded, run, options);
        IReadOnlyList<LabelledAllocation> given = AllocationFile.Read(
            file,
            [.. loaded.Weights.Select(weight => weight.Name)]
        );
        string name = $"allocations-{Path.GetFileNameWithoutExtension(file)}";
        IReadOnlyList<Trial> labelled = StudyStage.RunListed(
            loaded,
            run,
            options,
            [.. given.Select(item => (item.Name, item.Allocation))],
            name,
            progress: context.Progress,
            cancellationToken: cancellationToken
        );
        var labels = new ListedLabels(
            file,
            protocol.IsWhole,
            choice,
            labelled,
            LabelComparison.Compare(given, labelled, sizesOnly: choice.Differences.Count > 0)
        );
        context.Print(labels.ToJson(), _ => labels.Show(context.Out));
        UnfinishedTrials open = UnfinishedTrials.Of(labelled, given.Count);
        int code = CommandContext.Unfinished("study", open.IsEmpty ? [] : [$"{open}"]);
        return labels.Agree ? code : ExitCode.CheckFailed;
    }
}
