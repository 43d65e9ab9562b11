using System.CommandLine;
using Qua2SeDiMo.Measurement.Mixtures;
using Qua2SeDiMo.Predictors.Import;
using Qua2SeDiMo.Predictors.Training;
using Qua2SeDiMo.Reports.Charts;
using Qua2SeDiMo.Runs;
using Qua2SeDiMo.Sensitivity;
using Qua2SeDiMo.Stages;
using Qua2SeDiMo.Storage;
using Spectre.Console;

namespace Qua2SeDiMo.Cli.Commands;

/// <summary><c>q2 explain</c>: the sensitivity of every operator.</summary>
internal static class ExplainCommand
{
    internal static Command Create()
    {
        var command = new Command(
            "explain",
            "Score every weight under every option, with spread, and say what the numbers say"
        );
        var source = new SourceArguments(command);
        var top = NumberOption.Of("--top", "Weights to list, most sensitive first", 20, 1, 1_000_000);
        var loss = ChoiceOption.Optional<PredictorLoss>(
            "--loss",
            "The fit that comes first; default: the one that ranks held-out trials best. All fits are compared"
        );
        var compare = new Option<string[]>("--compare")
        {
            Description =
                "A B: is A more sensitive than B? Names of weights, units, operator types or blocks; may be repeated",
            Arity = ArgumentArity.OneOrMore,
            AllowMultipleArgumentsPerToken = true,
        };
        var bootstrap = NumberOption.Optional(
            "--bootstrap",
            "Networks to refit on resampled trials, for the spread of their scores; resumable. Default: those of an earlier call",
            0,
            10_000
        );
        var epochs = NumberOption.Optional("--bootstrap-epochs", "Passes of each refit; default: 40", 1, 100_000);
        var svg = new Option<string?>("--svg") { Description = "Write each figure as an SVG file into this folder" };
        var against = new Option<string?>("--against")
        {
            Description =
                "JSON file of measured probes (docs/formats.md): say how this run's sensitivities agree with them",
        };
        foreach (Option option in new Option[] { top, loss, compare, bootstrap, epochs, svg, against })
            command.Add(option);
        AddRules(command, compare, bootstrap, epochs);
        return command.Runs(
            (result, context, cancellationToken) =>
            {
                RunDirectory run = source.Run(result);
                if (result.GetValue(svg) is { } wanted)
                    OutputFolderException.Check(wanted);
                string[] names = result.GetValue(compare) ?? [];
                bool needsFit = new Option[] { loss, compare, bootstrap, epochs, svg }.Any(option =>
                    OptionRules.IsGiven(result.CommandResult, option)
                );
                string? probes = result.GetValue(against);
                MeasuredExplanation measured = MeasuredExplanation.Read(
                    source,
                    result,
                    run,
                    probes is not null,
                    context
                );
                SensitivityRecord? record =
                    measured.Sensitivity is not null && !needsFit && FittedFiles.All(run).Count == 0
                        ? null
                        : StageTimings.Measure(run, "explain", Explain);
                IReadOnlyList<SourceAgreement> agreements = measured.Against(probes, record, context);
                IReadOnlyList<string> written = result.GetValue(svg) is { } folder
                    ? ExplanationFigures.Write(record!, folder)
                    : [];
                context.Print(
                    measured.ToJson(record, agreements),
                    _ => Show(measured, record, agreements, result.GetValue(top), context)
                );
                if (!context.Json)
                    Close(context, written, result.GetValue(svg), source.Words(result));
                return ExitCode.Success;

                SensitivityRecord Explain()
                {
                    LabelledStudy study = source.Read(result, run, context, result.GetValue(loss));
                    return ExplainStage.Run(
                        study,
                        run,
                        new ExplainOptions
                        {
                            Loss = result.GetValue(loss),
                            Compare = [.. names.Chunk(2).Select(pair => (pair[0], pair[1]))],
                            Bootstrap = result.GetValue(bootstrap) ?? 0,
                            BootstrapEpochs = result.GetValue(epochs) ?? 0,
                            Truth = source.Truth(result, study),
                        },
                        context.Progress,
                        cancellationToken
                    );
                }
            }
        );
    }

    private static void AddRules(Command command, Option<string[]> compare, Option<int?> bootstrap, Option<int?> epochs)
    {
        command.Needs(epochs, bootstrap, "it is the length of those refits");
        command.Validators.Add(result =>
        {
            if (
                OptionRules.IsGiven(result, epochs)
                && OptionRules.IsGiven(result, bootstrap)
                && result.GetValue(bootstrap) == 0
            )
            {
                result.AddError("--bootstrap-epochs does nothing with --bootstrap 0: no network is refitted.");
            }
        });
        compare.Validators.Add(result =>
        {
            if (result.Tokens.Count % 2 != 0)
                result.AddError($"--compare takes pairs; '{result.Tokens[^1].Value}' stands alone.");
        });
    }

    private static void Show(
        MeasuredExplanation measured,
        SensitivityRecord? record,
        IReadOnlyList<SourceAgreement> agreements,
        int count,
        CommandContext context
    )
    {
        if (measured.Sensitivity is { } found)
            MeasureTables.Show(found, count, context.Out);
        if (record is not null)
            ExplainTables.Show(record, count, context.Out);
        MeasureTables.Show(agreements, context.Out);
    }

    private static void Close(CommandContext context, IReadOnlyList<string> figures, string? folder, string source)
    {
        if (figures.Count > 0)
            context.Out.WriteLine($"{figures.Count} figures in {folder}: {string.Join(", ", figures)}");
        context.Next($"plan {source}");
    }
}
