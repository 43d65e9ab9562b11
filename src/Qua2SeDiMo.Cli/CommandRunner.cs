using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Serialization;
using Qua2SeDiMo.Pipelines;
using Qua2SeDiMo.Storage;
using Qua2SeDiMo.Studies;
using Spectre.Console;

namespace Qua2SeDiMo.Cli;

/// <summary>Output and settings that every verb receives besides its arguments.</summary>
/// <param name="Out">Standard output, for text.</param>
/// <param name="Progress">Receives the progress of long work.</param>
/// <param name="Json">Whether standard output is the result as one JSON document and nothing else.</param>
internal sealed record CommandContext(IAnsiConsole Out, IProgress<StageProgress> Progress, bool Json)
{
    /// <summary>Remarks on the files that are read; each sentence is written to standard error once,
    /// immediately.</summary>
    internal Notes Notes { get; } = new(sentence => Console.Error.WriteLine($"note: {sentence}"));

    internal static JsonSerializerOptions JsonOptions { get; } =
        new(JsonSerializerDefaults.Web)
        {
            WriteIndented = true,
            DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
            NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
            Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) },
        };

    /// <summary>Opens a model. If its folder holds files or values that are not read, a note names the verb that lists
    /// them.</summary>
    /// <exception cref="Q2Exception">The folder is not a supported pipeline.</exception>
    internal OpenModel Open(string folder)
    {
        OpenModel model = OpenModel.Open(folder, Notes);
        if (model.Review.Note() is not null)
            Notes.Add("`q2 inspect` lists everything.");
        return model;
    }

    /// <summary>Prints the result as JSON, or as text by calling <paramref name="forPeople"/>.</summary>
    internal void Print<T>(T result, Action<T> forPeople)
    {
        if (Json)
            Console.Out.WriteLine(JsonSerializer.Serialize(result, JsonOptions));
        else
            forPeople(result);
    }

    /// <summary>Lists on standard error what was requested and is not complete, and returns the exit code.</summary>
    internal static int Unfinished(string verb, IReadOnlyList<string> sentences)
    {
        foreach (string sentence in sentences)
            Console.Error.WriteLine($"q2 {verb}: {sentence}");
        return sentences.Count == 0 ? ExitCode.Success : ExitCode.CheckFailed;
    }

    /// <summary>Prints the command that usually comes next.</summary>
    internal void Next(string command) => Out.WriteLine($"Next: q2 {command}");
}

/// <summary>Runs a verb: defines the options common to all verbs and turns exceptions into messages and exit
/// codes.</summary>
internal static class CommandRunner
{
    internal static Option<bool> JsonOption { get; } =
        new("--json")
        {
            Description = "Print one JSON document on standard output (progress stays on standard error)",
            Recursive = true,
        };

    internal static Option<bool> QuietOption { get; } =
        new("--quiet") { Description = "No progress on standard error", Recursive = true };

    /// <summary>Sets the action of <paramref name="command"/>.</summary>
    internal static Command Runs(this Command command, Func<ParseResult, CommandContext, CancellationToken, int> action)
    {
        command.SetAction(
            (result, cancellationToken) =>
                Task.Run(() => Run(result, action, cancellationToken), CancellationToken.None)
        );
        return command;
    }

    private static int Run(
        ParseResult result,
        Func<ParseResult, CommandContext, CancellationToken, int> action,
        CancellationToken cancellationToken
    )
    {
        bool json = result.GetValue(JsonOption);
        IAnsiConsole output = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Out) });
        // A pipe has no width, and without one tables would be wrapped at a default width.
        if (!output.Profile.Out.IsTerminal)
            output.Profile.Width = 160;
        IAnsiConsole error = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Error) });
        using var progress = new ProgressLine(error, TimeProvider.System, result.GetValue(QuietOption));
        try
        {
            return action(result, new CommandContext(output, progress, json), cancellationToken);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            progress.Dispose();
            Console.Error.WriteLine("Stopped. What was finished is kept; the same command goes on from here.");
            return ExitCode.Cancelled;
        }
        catch (Exception exception) when (StorageException.Explains(exception))
        {
            progress.Dispose();
            return Refusal.Say(
                result.CommandResult.Command.Name,
                StorageException.For(null, exception).Message,
                ExitCode.UserError,
                json
            );
        }
        catch (Exception exception) when (exception is Q2Exception or FormatException)
        {
            progress.Dispose();
            int code = exception is TrialsIncompleteException ? ExitCode.CheckFailed : ExitCode.UserError;
            return Refusal.Say(result.CommandResult.Command.Name, RemedyWords.Message(exception), code, json);
        }
        catch (Exception exception)
        {
            progress.Dispose();
            return Refusal.Say(
                result.CommandResult.Command.Name,
                $"a defect of q2, not of your files; please report it with this text.\n{exception}",
                ExitCode.Defect,
                json
            );
        }
    }
}
