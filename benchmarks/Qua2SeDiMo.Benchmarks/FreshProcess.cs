using System.Diagnostics;

namespace Qua2SeDiMo.Benchmarks;

/// <summary>Runs a verb of this program in a new process, so that measurements do not share memory and
/// threads.</summary>
internal static class FreshProcess
{
    /// <summary>Runs a verb and waits for its end.</summary>
    /// <returns>The last line of its standard output.</returns>
    /// <exception cref="InvalidOperationException">The process ended with an error.</exception>
    internal static string Run(params string[] arguments)
    {
        string program = Environment.ProcessPath!,
            library = typeof(FreshProcess).Assembly.Location;
        bool isHost = Path.GetFileNameWithoutExtension(program) == "dotnet";
        using Process process = Process.Start(
            new ProcessStartInfo(program, [.. isHost ? [library] : Array.Empty<string>(), .. arguments])
            {
                RedirectStandardOutput = true,
            }
        )!;
        string printed = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        if (process.ExitCode != 0)
            throw new InvalidOperationException($"{string.Join(' ', arguments)} ended with {process.ExitCode}.");
        return printed.Trim().Split('\n')[^1];
    }
}
