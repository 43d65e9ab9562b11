using System.CommandLine;
using Qua2SeDiMo.Cli.Commands;

namespace Qua2SeDiMo.Cli;

/// <summary>The verbs, in the order in which the stages run.</summary>
internal static class CommandTree
{
    internal static RootCommand Create()
    {
        var root = new RootCommand(
            "Finds out which weights of a diffusion model tolerate 3 or 4 bits, says why, and writes the smaller model."
        )
        {
            InspectCommand.Create(),
            GraphCommand.Create(),
            BankCommand.Create(),
            MeasureCommand.Create(),
            StudyCommand.Create(),
            FitCommand.Create(),
            ExplainCommand.Create(),
            PlanCommand.Create(),
            PackCommand.Create(),
            ReportCommand.Create(),
            RunCommand.Create(),
            GenerateCommand.Create(),
            VerifyCommand.Create(),
            DoctorCommand.Create(),
        };
        foreach (Command command in root.Subcommands)
            command.RefuseEmptyValues();
        root.Add(CommandRunner.JsonOption);
        root.Add(CommandRunner.QuietOption);
        return root;
    }
}
