using System.Diagnostics;

namespace Qua2SeDiMo.Fuzz;

/// <summary>Results of a run for one reader.</summary>
/// <param name="Reader">Name of the reader.</param>
/// <param name="Inputs">Number of inputs read.</param>
/// <param name="Refused">Number of inputs rejected with an expected exception type; the others were accepted or are
/// defects.</param>
/// <param name="OutsideTypedFamily">Defects, by exception and location.</param>
/// <param name="SlowestMilliseconds">Time of the slowest input in milliseconds.</param>
/// <param name="LargestAllocationMegabytes">Largest managed allocation for one input.</param>
/// <param name="InputsPerSecond">Inputs per second, including the time to generate them.</param>
internal sealed record ReaderResult(
    string Reader,
    long Inputs,
    long Refused,
    IReadOnlyList<string> OutsideTypedFamily,
    double SlowestMilliseconds,
    double LargestAllocationMegabytes,
    double InputsPerSecond
);

/// <summary>Results of a run.</summary>
/// <param name="Inputs">Total number of inputs.</param>
/// <param name="Readers">Number of readers.</param>
/// <param name="ExceptionsOutsideTypedFamily">Number of distinct defects.</param>
/// <param name="SlowestMilliseconds">Time of the slowest input of all in milliseconds.</param>
/// <param name="LargestAllocationMegabytes">Largest managed allocation for one input below a megabyte.</param>
/// <param name="PeakResidentMegabytes">Peak memory of the process, including native memory.</param>
/// <param name="Seed">Seed of the inputs; equal seeds give equal inputs.</param>
/// <param name="Minutes">Duration in minutes.</param>
/// <param name="ByReader">Results of each reader.</param>
internal sealed record FuzzResult(
    long Inputs,
    int Readers,
    int ExceptionsOutsideTypedFamily,
    double SlowestMilliseconds,
    double LargestAllocationMegabytes,
    double PeakResidentMegabytes,
    ulong Seed,
    double Minutes,
    IReadOnlyList<ReaderResult> ByReader
)
{
    internal static FuzzResult Of(IReadOnlyList<(FuzzTarget Target, FuzzRun Run)> runs, ulong seed, TimeSpan time)
    {
        ReaderResult[] readers =
        [
            .. runs.Select(pair => new ReaderResult(
                pair.Target.Name,
                pair.Run.Inputs,
                pair.Run.Refused,
                [.. pair.Run.Findings.Select(finding => finding.Fault)],
                Round(pair.Run.Slowest.TotalMilliseconds),
                Round(pair.Run.LargestAllocation / 1e6),
                Round(pair.Run.Inputs / Math.Max(1e-3, pair.Run.Elapsed.TotalSeconds))
            )),
        ];
        return new FuzzResult(
            readers.Sum(reader => reader.Inputs),
            readers.Length,
            readers.Sum(reader => reader.OutsideTypedFamily.Count),
            readers.Max(reader => reader.SlowestMilliseconds),
            readers.Max(reader => reader.LargestAllocationMegabytes),
            Round(Process.GetCurrentProcess().PeakWorkingSet64 / 1e6),
            seed,
            Round(time.TotalMinutes),
            readers
        );
    }

    private static double Round(double value) => Math.Round(value, 1);
}
