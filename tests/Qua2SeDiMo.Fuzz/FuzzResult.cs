using System.Diagnostics;

namespace Qua2SeDiMo.Fuzz;

/// <summary>What a run found of one reader.</summary>
/// <param name="Reader">Its name.</param>
/// <param name="Inputs">Inputs that it was given.</param>
/// <param name="Refused">Those that it refused in the typed family; it took the others.</param>
/// <param name="OutsideTypedFamily">Defects by exception and place.</param>
/// <param name="SlowestMilliseconds">Slowest input.</param>
/// <param name="LargestAllocationMegabytes">Largest managed allocation over one input.</param>
/// <param name="InputsPerSecond">Making an input included.</param>
internal sealed record ReaderResult(
    string Reader,
    long Inputs,
    long Refused,
    IReadOnlyList<string> OutsideTypedFamily,
    double SlowestMilliseconds,
    double LargestAllocationMegabytes,
    double InputsPerSecond
);

/// <summary>What a run found.</summary>
/// <param name="Inputs">Inputs in all.</param>
/// <param name="Readers">Number of readers.</param>
/// <param name="ExceptionsOutsideTypedFamily">Distinct defects.</param>
/// <param name="SlowestMilliseconds">Slowest input of all.</param>
/// <param name="LargestAllocationMegabytes">Largest managed allocation over one input below a megabyte.</param>
/// <param name="PeakResidentMegabytes">Largest memory of the process, native memory included.</param>
/// <param name="Seed">Equal seeds make equal inputs.</param>
/// <param name="Minutes">Time that it took.</param>
/// <param name="ByReader">Reader by reader.</param>
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
