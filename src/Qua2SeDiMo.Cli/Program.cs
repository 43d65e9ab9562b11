using System.CommandLine;
using System.Globalization;
using System.Runtime.InteropServices;
using Qua2SeDiMo.Cli;

// Invariant culture makes numbers and messages the same on every machine; the defaults apply to threads started later.
CultureInfo.CurrentCulture = CultureInfo.CurrentUICulture = CultureInfo.InvariantCulture;
CultureInfo.DefaultThreadCurrentCulture = CultureInfo.DefaultThreadCurrentUICulture = CultureInfo.InvariantCulture;
OutputStreams streams = OutputStreams.Guard();
RootCommand root = CommandTree.Create();
bool json = args.Contains(CommandRunner.JsonOption.Name);
(IReadOnlyList<string> words, string verb, string? fault) = CommandWords.Read(root, args);
if (fault is not null)
    return Refusal.SayUsage(verb, fault, json);

// Response files are disabled, since a prompt may begin with '@'.
ParseResult parsed = root.Parse(words, new ParserConfiguration { ResponseFileTokenReplacer = null });
if (parsed.Errors.Count > 0)
    return Refusal.SayUsage(verb, string.Join(" ", parsed.Errors.Select(error => error.Message).Distinct()), json);

// A closed terminal (SIGHUP) cancels as Ctrl-C does; the command-line library handles the other signals.
using var hangup = new CancellationTokenSource();
using PosixSignalRegistration registration = PosixSignalRegistration.Create(
    PosixSignal.SIGHUP,
    context =>
    {
        context.Cancel = true;
        hangup.Cancel();
    }
);
int code = await parsed
    .InvokeAsync(
        new InvocationConfiguration
        {
            EnableDefaultExceptionHandler = false,
            // A step of a large model may take a while before it notices the cancellation. Killing the process would
            // lose no finished work, but it should get the time to end cleanly.
            ProcessTerminationTimeout = TimeSpan.FromSeconds(30),
        },
        hangup.Token
    )
    .ConfigureAwait(false);
if (streams.Failure is null)
    return code;
Refusal.Say(
    verb,
    $"standard output did not take the whole result ({streams.Failure}); results in files are complete.",
    ExitCode.UserError,
    json: false
);
return code == ExitCode.Success ? ExitCode.UserError : code;
