using System.CommandLine;
using System.Globalization;
using Qua2SeDiMo.Verification;

namespace Qua2SeDiMo.Cli.Commands;

/// <summary><c>q2 verify</c>: compares the results of this installation with stored references.</summary>
internal static class VerifyCommand
{
    internal static Command Create()
    {
        var command = new Command(
            "verify",
            "Run reference cases and compare every output with its tolerance (exit code 1 if any differs, 2 if there is no case)"
        );
        var paths = new Argument<string[]>("PATH")
        {
            Description = "Folders or files in the layout of tests/golden",
            Arity = ArgumentArity.OneOrMore,
        };
        var brief = new Option<bool>("--brief")
        {
            Description = "One line per case, and all failures; default: one line per output",
        };
        command.Add(paths);
        command.Add(brief);
        return command.Runs(
            (result, context, cancellationToken) =>
            {
                VerificationReport report = VerificationRunner.Run(
                    result.GetRequiredValue(paths),
                    context.Progress,
                    cancellationToken
                );
                context.Print(report, _ => Show(report, result.GetValue(brief), context.Out.Profile.Out.Writer));
                if (report.Cases.Count == 0)
                {
                    Console.Error.WriteLine(
                        "q2 verify: no reference case was found; docs/verify.md describes the layout."
                    );
                    return ExitCode.UserError;
                }
                return report.Failed == 0 ? ExitCode.Success : ExitCode.CheckFailed;
            }
        );
    }

    // Plain lines instead of a table: a pipe does not wrap them and grep can search them.
    private static void Show(VerificationReport report, bool brief, TextWriter output)
    {
        foreach (VerificationCase item in report.Cases)
        {
            VerificationResult worst = item.Results.MaxBy(Share)!;
            output.WriteLine(
                $"{(item.Passed ? "ok  " : "FAIL")} {item.Kind} {item.Name}: "
                    + $"{item.Results.Count(result => result.Passed)} of {item.Results.Count} outputs, "
                    + $"{item.Seconds:0.00} s"
                    + (item.Passed ? $"; nearest to its tolerance: {worst.Output} at {Share(worst):P0}" : "")
            );
            IReadOnlyList<VerificationResult> shown = brief
                ? [.. item.Results.Where(result => !result.Passed)]
                : item.Results;
            int width = Math.Min(48, shown.Select(result => result.Output.Length).DefaultIfEmpty(0).Max());
            foreach (VerificationResult row in shown)
            {
                output.WriteLine(
                    $"     {(row.Passed ? "ok  " : "FAIL")} {row.Output.PadRight(width)}  absolute {Figure(row.MaxAbsoluteDifference)}  "
                        + $"relative {Figure(row.MaxRelativeDifference)}  tolerance "
                        + $"{Figure(row.Tolerance)}{(row.Detail is null ? "" : "  " + row.Detail)}"
                );
            }
        }
        foreach (string unknown in report.Unknown)
            output.WriteLine($"unknown: {unknown} holds no reference case of a kind that this version knows");
        output.WriteLine($"{report.Cases.Count} cases, {report.Cases.Count(item => !item.Passed)} of them failed");
        output.WriteLine($"{report.Passed} passed, {report.Failed} failed");
    }

    // The largest difference of an output over its tolerance; the difference itself when the tolerance is 0.
    private static double Share(VerificationResult result) =>
        result.Tolerance > 0 ? result.MaxAbsoluteDifference / result.Tolerance : result.MaxAbsoluteDifference;

    private static string Figure(double value) =>
        (value == 0 ? "0" : value.ToString("0.00E+0", CultureInfo.InvariantCulture)).PadLeft(8);
}
