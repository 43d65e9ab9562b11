using System.Diagnostics;
using System.Text;
using System.Text.Json;
using Xunit;

namespace Qua2SeDiMo.Cli.Tests;

/// <summary>Exit code and output of a process of the program.</summary>
internal sealed record Q2Result(int ExitCode, string Output, string Errors)
{
    /// <summary>Standard output parsed as one JSON document; throws when it is anything else.</summary>
    internal JsonElement Json => JsonDocument.Parse(Output).RootElement;

    /// <summary>Asserts exit code 0 and returns the result; a failure shows the program's output.</summary>
    internal Q2Result Succeeded()
    {
        Assert.True(ExitCode == 0, $"exit code {ExitCode}\n{Errors}\n{Output}");
        return this;
    }

    /// <summary>
    /// Asserts a rejected call: exit code 2, one message without a stack trace on standard error, and on standard
    /// output nothing or, with <c>--json</c>, an object with the error.
    /// </summary>
    internal Q2Result Refused(params string[] words)
    {
        Assert.True(ExitCode == 2, $"exit code {ExitCode}\n{Errors}");
        if (Output.Length > 0)
        {
            Assert.Equal(2, Json.GetProperty("exitCode").GetInt32());
            Assert.Contains(Json.GetProperty("error").GetString()!, Errors, StringComparison.Ordinal);
        }
        Assert.DoesNotContain("   at ", Errors, StringComparison.Ordinal);
        Assert.DoesNotContain("Exception", Errors, StringComparison.Ordinal);
        Assert.All(words, word => Assert.Contains(word, Errors, StringComparison.Ordinal));
        return this;
    }
}

/// <summary>A process of the real program, started as by a user.</summary>
internal sealed class Q2 : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(15);
    private readonly Process process;
    private readonly StringBuilder errors = new();
    private readonly Task<string> output;
    private readonly Task errorReader;

    private Q2(
        string[] arguments,
        string? folder = null,
        string? script = null,
        (string Name, string Value)[]? variables = null
    )
    {
        string dotnet = script is null ? Environment.ProcessPath! : "/bin/sh";
        string[] command = ["exec", Path.Combine(AppContext.BaseDirectory, "q2.dll"), .. arguments];
        if (script is not null)
            command = ["-c", script, "sh", Environment.ProcessPath!, .. command];
        // A test run in the background of a shell inherits an ignored SIGINT.
        ProcessStartInfo start = OperatingSystem.IsLinux()
            ? new ProcessStartInfo("/usr/bin/env", ["--default-signal=INT", dotnet, .. command])
            : new ProcessStartInfo(dotnet, command);
        start.WorkingDirectory = folder ?? "";
        foreach ((string name, string value) in variables ?? [])
            start.Environment[name] = value;
        start.RedirectStandardOutput = true;
        start.RedirectStandardError = true;
        process = Process.Start(start)!;
        output = process.StandardOutput.ReadToEndAsync();
        errorReader = ReadErrorsAsync();
    }

    internal bool HasExited => process.HasExited;

    internal static Q2 Start(params string[] arguments) => new(arguments);

    internal static async Task<Q2Result> RunAsync(params string[] arguments)
    {
        using Q2 program = Start(arguments);
        return await program.EndAsync();
    }

    /// <summary>Runs the program in a folder until it ends.</summary>
    internal static async Task<Q2Result> RunInAsync(string folder, params string[] arguments)
    {
        using var program = new Q2(arguments, folder);
        return await program.EndAsync();
    }

    /// <summary>Runs the program with environment variables until it ends.</summary>
    internal static async Task<Q2Result> RunWithAsync(
        (string Name, string Value)[] variables,
        params string[] arguments
    )
    {
        using var program = new Q2(arguments, variables: variables);
        return await program.EndAsync();
    }

    /// <summary>Runs the program from a shell script, which calls it as <c>"$@"</c>.</summary>
    internal static async Task<Q2Result> RunInShellAsync(string script, params string[] arguments)
    {
        using var program = new Q2(arguments, script: script);
        return await program.EndAsync();
    }

    internal async Task<Q2Result> EndAsync()
    {
        using var limit = new CancellationTokenSource(Limit);
        await process.WaitForExitAsync(limit.Token);
        await errorReader;
        return new Q2Result(process.ExitCode, await output, errors.ToString());
    }

    /// <summary>Sends a signal: INT (Ctrl-C), HUP (a closed terminal) or KILL.</summary>
    internal void Send(string signal)
    {
        using Process kill = Process.Start("kill", [$"-{signal}", $"{process.Id}"]);
        kill.WaitForExit();
    }

    public void Dispose()
    {
        if (!process.HasExited)
            process.Kill();
        process.Dispose();
    }

    private async Task ReadErrorsAsync()
    {
        while (await process.StandardError.ReadLineAsync() is { } line)
            errors.AppendLine(line);
    }
}
