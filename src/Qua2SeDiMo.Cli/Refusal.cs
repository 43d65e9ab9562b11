using System.Text.Json;

namespace Qua2SeDiMo.Cli;

/// <summary>Says why there is no result: one message on standard error, and under <c>--json</c> an object in place of
/// the result too.</summary>
internal static class Refusal
{
    /// <summary>Says it.</summary>
    /// <param name="verb">Verb that was called; empty for none.</param>
    /// <param name="message">What is wrong.</param>
    /// <param name="exitCode">What the process will tell its caller.</param>
    /// <param name="json">Whether a program reads standard output.</param>
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

    /// <summary>Says what is wrong with a command line, in one line.</summary>
    internal static int SayUsage(string verb, string message, bool json) =>
        Say(
            verb,
            $"{message.ReplaceLineEndings(" ").Trim()} See {$"q2 {verb}".TrimEnd()} --help.",
            ExitCode.UserError,
            json
        );
}
