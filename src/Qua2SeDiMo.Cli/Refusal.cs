using System.Text.Json;

namespace Qua2SeDiMo.Cli;

/// <summary>Reports why there is no result: one message on standard error and, with <c>--json</c>, also an object in
/// place of the result.</summary>
internal static class Refusal
{
    /// <summary>Reports an error.</summary>
    /// <param name="verb">Verb that was called; empty for none.</param>
    /// <param name="message">The error.</param>
    /// <param name="exitCode">Exit code of the process.</param>
    /// <param name="json">Whether to write the error to standard output as JSON too.</param>
    /// <returns><paramref name="exitCode"/>.</returns>
    internal static int Say(string verb, string message, int exitCode, bool json)
    {
        Console.Error.WriteLine($"{$"q2 {verb}".TrimEnd()}: {message}");
        if (json)
            Console.Out.WriteLine(
                JsonSerializer.Serialize(new { Error = message, ExitCode = exitCode }, CommandContext.JsonOptions)
            );
        return exitCode;
    }

    /// <summary>Reports an error of the command line in one line.</summary>
    internal static int SayUsage(string verb, string message, bool json) =>
        Say(
            verb,
            $"{message.ReplaceLineEndings(" ").Trim()} See {$"q2 {verb}".TrimEnd()} --help.",
            ExitCode.UserError,
            json
        );
}
