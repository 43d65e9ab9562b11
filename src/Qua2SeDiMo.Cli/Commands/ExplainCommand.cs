using System.CommandLine;
using Qua2SeDiMo.Measurement.Mixtures;
using Qua2SeDiMo.Predictors.Import;
using Qua2SeDiMo.Reports.Charts;
using Qua2SeDiMo.Runs;
using Qua2SeDiMo.Sensitivity;
using Qua2SeDiMo.Stages;
using Qua2SeDiMo.Storage;
using Spectre.Console;

namespace Qua2SeDiMo.Cli.Commands;

/// <summary><c>q2 explain</c>: shows the sensitivity of every weight.</summary>
internal static class ExplainCommand
{
    internal static Command Create()
    {
        var command = new Command(
            "explain",
            "Score every weight under every option, with spread, and say what the numbers say"
        );
        var source = new SourceArguments(command);
        var asked = new ExplainArguments(command);
        return command.Runs(
            (result, context, cancellationToken) =>
            {
                RunDirectory run = source.Run(result);
                string? folder = asked.Figures(result),
                    probes = asked.Probes(result);
                if (folder is not null)
                    OutputFolderException.Check(folder);
                MeasuredExplanation measured = MeasuredExplanation.Read(
                    source,
                    result,
                    run,
                    probes is not null,
                    context
                );
                SensitivityRecord? record =
                    measured.Sensitivity is not null && !asked.NeedsFit(result) && FittedFiles.All(run).Count == 0
                        ? null
                        : StageTimings.Measure(run, "explain", Explain);
                IReadOnlyList<SourceAgreement> agreements = measured.Against(probes, record, context);
                IReadOnlyList<string> written = folder is not null ? ExplanationFigures.Write(record!, folder) : [];
                context.Print(
                    measured.ToJson(record, agreements),
                    _ => Show(measured, record, agreements, asked.Top(result), context)
                );
                if (!context.Json)
                    Close(context, written, folder, source.Words(result));
                return ExitCode.Success;

                SensitivityRecord Explain()
                {
                    LabelledStudy study = source.Read(result, run, context, asked.Loss(result));
                    ExplainOptions options = asked.Read(result, source.Truth(result, study));
                    return ExplainStage.Run(study, run, options, context.Progress, cancellationToken);
                }
            }
        );
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
