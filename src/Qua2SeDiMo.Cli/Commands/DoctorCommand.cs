using System.CommandLine;
using Qua2SeDiMo.Stages;

namespace Qua2SeDiMo.Cli.Commands;

/// <summary><c>q2 doctor</c>: checks whether this machine can run the program, and shows with which kernels.</summary>
internal static class DoctorCommand
{
    internal static Command Create()
    {
        var command = new Command(
            "doctor",
            "Show processor, memory, disk, kernels and native libraries (exit code 1 if something is wrong)"
        );
        return command.Runs(
            (_, context, _) =>
            {
                IReadOnlyList<DoctorCheck> checks = DoctorStage.Run(".");
                context.Print(
                    new { Checks = checks, Passed = checks.All(check => check.Passed) },
                    _ =>
                    {
                        int width = checks.Max(check => check.Name.Length);
                        foreach (DoctorCheck check in checks)
                            context.Out.Profile.Out.Writer.WriteLine(
                                $"{(check.Passed ? "ok  " : "FAIL")} {check.Name.PadRight(width)}  {check.Value}"
                            );
                    }
                );
                return checks.All(check => check.Passed) ? ExitCode.Success : ExitCode.CheckFailed;
            }
        );
    }
}
