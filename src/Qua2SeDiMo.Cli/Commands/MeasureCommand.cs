using System.CommandLine;
using Qua2SeDiMo.Diffusion;
using Qua2SeDiMo.Labelling;
using Qua2SeDiMo.Measurement;
using Qua2SeDiMo.Measurement.Methods;
using Qua2SeDiMo.Measurement.Mixtures;
using Qua2SeDiMo.Pipelines;
using Qua2SeDiMo.Runs;
using Qua2SeDiMo.Stages;
using Qua2SeDiMo.Studies.Allocations;

namespace Qua2SeDiMo.Cli.Commands;

/// <summary><c>q2 measure</c>: measures the damage that every option of every weight does.</summary>
internal static class MeasureCommand
{
    private static readonly Option<int> Top = NumberOption.Of(
        "--top",
        "Weights to list, most sensitive first",
        20,
        1,
        1_000_000
    );

    internal static Command Create()
    {
        var command = new Command(
            "measure",
            "Measure what every option of every weight does to the images (resumable; several processes may share a run)"
        );
        var model = new ModelArguments(command);
        var arguments = new MeasureArguments(command);
        var allocations = new Option<string?>("--allocations")
        {
            Description =
                "Also say what the mixtures of this JSON file do, and predict their metric where labelled trials of the run make a line",
        };
        command.Add(allocations);
        command.Add(Top);
        return command.Runs(
            (result, context, cancellationToken) =>
            {
                using OpenModel loaded = model.Open(result, context);
                RunDirectory run = model.Run(result);
                MeasureOptions options = arguments.Read(result, model.Folder(result));
                Preflight.Measure(loaded, run, options);
                IReadOnlyList<CutText> cut = CutTextNotes.Say(context, CutPrompts.Find(loaded, options.Study));
                IReadOnlyList<LabelledAllocation> given = result.GetValue(allocations) is { } file
                    ? AllocationFile.Read(file, [.. loaded.Weights.Select(weight => weight.Name)], context.Notes)
                    : [];
                MeasuredModel measured = StageTimings.Measure(
                    run,
                    "measure",
                    () => MeasureStage.Run(loaded, run, options, context.Progress, cancellationToken)
                );
                MixturePredictions? predictions =
                    given.Count == 0 ? null : MixturePredictions.Of(measured, loaded, run, given);
                MeasuredSensitivity found = measured.Record.Sensitivity;
                var shown = new
                {
                    Measurement = run.Measurement,
                    options.Method,
                    found.Kind,
                    found.Unit,
                    found.Images,
                    found.Cotangents,
                    found.Steps,
                    Seconds = StageTimings.Read(run).GetValueOrDefault("measure"),
                    found.Weights,
                    found.Types,
                    found.Blocks,
                    found.Activations,
                    predictions?.Predictions,
                    predictions?.Line,
                    predictions?.IsCorrected,
                    Cut = cut,
                };
                context.Print(
                    shown,
                    _ =>
                    {
                        MeasureTables.Show(found, result.GetValue(Top), context.Out);
                        if (predictions is not null)
                            MeasureTables.Show(predictions, context.Out);
                        context.Next($"study {model.Folder(result)}");
                    }
                );
                return ExitCode.Success;
            }
        );
    }
}
