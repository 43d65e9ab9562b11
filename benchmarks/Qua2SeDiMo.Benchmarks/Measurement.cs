using System.Diagnostics;

namespace Qua2SeDiMo.Benchmarks;

/// <summary>Wall and processor time of repeated work. On a busy machine the processor time is the figure that means
/// something.</summary>
/// <param name="Name">What was measured.</param>
/// <param name="MedianMilliseconds">Median wall time.</param>
/// <param name="MinMilliseconds">Least wall time.</param>
/// <param name="ProcessorMilliseconds">Least processor time, of all threads together.</param>
internal sealed record Measurement(
    string Name,
    double MedianMilliseconds,
    double MinMilliseconds,
    double ProcessorMilliseconds
)
{
    /// <summary>Largest median that was asked for; null where none was.</summary>
    public double? TargetMilliseconds { get; init; }

    internal static string Header =>
        "| what | wall, median (ms) | wall, least (ms) | processor, least (ms) |\n| --- | ---: | ---: | ---: |";

    internal string Row => $"| {Name} | {MedianMilliseconds:F1} | {MinMilliseconds:F1} | {ProcessorMilliseconds:F0} |";

    /// <summary>Runs once to warm up, then the given number of times.</summary>
    internal static Measurement Of(string name, int repetitions, Action work)
    {
        work();
        using Process process = Process.GetCurrentProcess();
        double[] walls = new double[repetitions],
            processors = new double[repetitions];
        for (int i = 0; i < repetitions; i++)
        {
            process.Refresh();
            TimeSpan before = process.TotalProcessorTime;
            long start = Stopwatch.GetTimestamp();
            work();
            walls[i] = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
            process.Refresh();
            processors[i] = (process.TotalProcessorTime - before).TotalMilliseconds;
        }
        Array.Sort(walls);
        return new Measurement(name, walls[repetitions / 2], walls[0], processors.Min());
    }
}
