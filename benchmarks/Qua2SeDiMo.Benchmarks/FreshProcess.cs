using System.Diagnostics;

namespace Qua2SeDiMo.Benchmarks;

/// <summary>Another process of this program, so that memory and threads of one measurement are not those of
/// another.</summary>
internal static class FreshProcess
{
    /// <summary>Runs a verb and waits.</summary>
    /// <returns>The last line that it printed.</returns>
    /// <exception cref="InvalidOperationException">It failed.</exception>
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
