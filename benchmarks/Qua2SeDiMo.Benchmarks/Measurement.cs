using System.Diagnostics;

namespace Qua2SeDiMo.Benchmarks;

/// <summary>Wall and processor time of repeated work. On a busy machine only the processor time is
/// meaningful.</summary>
/// <param name="Name">Name of the work.</param>
/// <param name="MedianMilliseconds">Median wall time.</param>
/// <param name="MinMilliseconds">Smallest wall time.</param>
/// <param name="ProcessorMilliseconds">Smallest processor time, summed over all threads.</param>
internal sealed record Measurement(
    string Name,
    double MedianMilliseconds,
    double MinMilliseconds,
    double ProcessorMilliseconds
)
{
    /// <summary>Largest acceptable median wall time; null for none.</summary>
    public double? TargetMilliseconds { get; init; }

    internal static string Header =>
        "| what | wall, median (ms) | wall, least (ms) | processor, least (ms) |\n| --- | ---: | ---: | ---: |";

    internal string Row => $"| {Name} | {MedianMilliseconds:F1} | {MinMilliseconds:F1} | {ProcessorMilliseconds:F0} |";

    /// <summary>Runs the work once to warm up, then measures the given number of repetitions.</summary>
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
