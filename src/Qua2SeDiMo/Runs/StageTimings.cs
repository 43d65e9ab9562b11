using System.Diagnostics;
using Qua2SeDiMo.Json;
using Qua2SeDiMo.Storage;

namespace Qua2SeDiMo.Runs;

/// <summary>
/// Wall time of each stage of a run, summed over resumed calls. Failing to read or write it is never an error of the
/// run.
/// </summary>
internal static class StageTimings
{
    /// <summary>Runs a stage and adds its wall time, also when it is cancelled. If the stage throws another exception,
    /// nothing is written, so that the run directory stays as it was.</summary>
    public static T Measure<T>(RunDirectory run, string stage, Func<T> action)
    {
        ArgumentNullException.ThrowIfNull(action);
        long start = Stopwatch.GetTimestamp();
        try
        {
            T result = action();
            Add(run, stage, start);
            return result;
        }
        catch (OperationCanceledException)
        {
            Add(run, stage, start);
            throw;
        }
    }

    /// <summary>Seconds by stage; empty if the file is missing or cannot be read.</summary>
    public static Dictionary<string, double> Read(RunDirectory run)
    {
        ArgumentNullException.ThrowIfNull(run);
        try
        {
            return File.Exists(run.Timings) ? OwnJson.Read<Dictionary<string, double>>(run.Timings, Remedy.Run) : [];
        }
        catch (Exception error) when (error is Q2Exception || StorageException.Explains(error))
        {
            return [];
        }
    }

    private static void Add(RunDirectory run, string stage, long start)
    {
        Dictionary<string, double> seconds = Read(run);
        seconds[stage] = seconds.GetValueOrDefault(stage) + Stopwatch.GetElapsedTime(start).TotalSeconds;
        try
        {
            OwnJson.Write(run.Timings, seconds);
        }
        catch (Exception error) when (error is Q2Exception || StorageException.Explains(error)) { }
    }
}
