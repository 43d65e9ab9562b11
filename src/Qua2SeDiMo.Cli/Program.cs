using System.CommandLine;
using Qua2SeDiMo.Cli;

RootCommand root = CommandTree.Create();
ParseResult parsed = root.Parse(args);
int code = await parsed.InvokeAsync(new InvocationConfiguration
{
    EnableDefaultExceptionHandler = false,
    // A trial step may hold the processor for a while on a large model; killing it loses nothing, but a clean end is kinder.
    ProcessTerminationTimeout = TimeSpan.FromSeconds(30),
}).ConfigureAwait(false);

// The library answers a usage error with 1, which here means that a check failed.
return parsed.Errors.Count > 0 ? ExitCode.UserError : code;
