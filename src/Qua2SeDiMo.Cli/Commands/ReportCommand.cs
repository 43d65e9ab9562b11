using System.CommandLine;
using Qua2SeDiMo.Pipelines;
using Qua2SeDiMo.Stages;
using Spectre.Console;

namespace Qua2SeDiMo.Cli.Commands;

/// <summary><c>q2 report</c>: writes one HTML page with results, figures and images.</summary>
internal static class ReportCommand
{
    internal static Command Create()
    {
        var command = new Command("report", "Write one self-contained HTML page with results, figures and pictures");
        var model = new ModelArguments(command);
        return command.Runs(
            (result, context, _) =>
            {
                using OpenModel loaded = model.Open(result, context);
                string page = ReportStage.Run(loaded, model.Run(result), $"q2 run {model.Folder(result)}");
                context.Print(new { Report = page }, _ => context.Out.WriteLine(page));
                return ExitCode.Success;
            }
        );
    }
}
