using System.CommandLine;
using System.Globalization;
using System.Runtime.InteropServices;
using Qua2SeDiMo.Cli;

// Numbers and messages are the same on every machine; threads that begin later take the defaults.
CultureInfo.CurrentCulture = CultureInfo.CurrentUICulture = CultureInfo.InvariantCulture;
CultureInfo.DefaultThreadCurrentCulture = CultureInfo.DefaultThreadCurrentUICulture = CultureInfo.InvariantCulture;
OutputStreams streams = OutputStreams.Guard();
RootCommand root = CommandTree.Create();
bool json = args.Contains(CommandRunner.JsonOption.Name);
(IReadOnlyList<string> words, string verb, string? fault) = CommandWords.Read(root, args);
if (fault is not null)
    return Refusal.SayUsage(verb, fault, json);

// Without response files: a prompt may begin with '@'.
ParseResult parsed = root.Parse(words, new ParserConfiguration { ResponseFileTokenReplacer = null });
if (parsed.Errors.Count > 0)
    return Refusal.SayUsage(verb, string.Join(" ", parsed.Errors.Select(error => error.Message).Distinct()), json);

// A closed terminal ends a run as Ctrl-C does; the parser sees to the other signals.
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
            // A trial step may hold the processor for a while on a large model; killing it loses nothing, but a clean
            // end is kinder.
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
