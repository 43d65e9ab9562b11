using System.Diagnostics;
using System.Text.RegularExpressions;
using Qua2SeDiMo.Fuzz.Mutators;

namespace Qua2SeDiMo.Fuzz;

/// <summary>An input that caused an unexpected exception, or took too much time or memory.</summary>
/// <param name="Reader">Name of the reader.</param>
/// <param name="Fault">Exception, time or memory.</param>
/// <param name="Input">The input.</param>
internal sealed record Finding(string Reader, string Fault, FuzzInput Input);

/// <summary>Fuzzes one reader: mutates inputs, reads and measures them, and keeps inputs with new behaviour as further
/// seeds.</summary>
internal sealed partial class FuzzRun
{
    /// <summary>Largest time in seconds for one input below a megabyte.</summary>
    internal const double MaxSeconds = 2;

    internal const long MaxBytes = 512L << 20;

    private const int LargestPool = 400;

    private readonly FuzzTarget target;
    private readonly Dice dice;
    private readonly List<FuzzInput> pool;
    private readonly int seedCount;
    private readonly HashSet<string> behaviours = new(StringComparer.Ordinal);
    private readonly HashSet<string> faults = new(StringComparer.Ordinal);

    internal FuzzRun(FuzzTarget target, ulong seed, IEnumerable<FuzzInput> corpus)
    {
        this.target = target;
        dice = new Dice(seed, (ulong)target.Name.Length);
        pool = [.. target.Seeds(), .. corpus];
        seedCount = pool.Count;
    }

    internal long Inputs { get; private set; }

    internal long Refused { get; private set; }

    /// <summary>Error message of the last rejected input.</summary>
    internal string LatestRefusal { get; private set; } = "";

    internal TimeSpan Slowest { get; private set; }

    internal long LargestAllocation { get; private set; }

    internal TimeSpan Elapsed { get; private set; }

    internal List<Finding> Findings { get; } = [];

    /// <summary>The input that is being read, for the watch that ends a hanging reader.</summary>
    internal FuzzInput? Current { get; private set; }

    /// <summary>Reads the unchanged seeds and the corpus.</summary>
    internal void ReadSeeds()
    {
        foreach (FuzzInput seed in pool.ToList())
            Read(seed);
    }

    /// <summary>Reads a number of mutated inputs, or until a time limit.</summary>
    internal void Mutate(long inputs, TimeSpan limit)
    {
        long start = Stopwatch.GetTimestamp();
        for (long i = 0; i < inputs && (i % 64 > 0 || Stopwatch.GetElapsedTime(start) < limit); i++)
        {
            FuzzInput seed = dice.OneIn(3) ? pool[dice.Next(pool.Count)] : pool[dice.Next(seedCount)];
            Read(Mutator.Mutate(seed, pool, dice));
        }
        Elapsed += Stopwatch.GetElapsedTime(start);
    }

    /// <summary>Reads one input.</summary>
    internal void Read(FuzzInput input)
    {
        Inputs++;
        Current = input;
        Outcome outcome = Try(input);
        // A busy machine may make any input slow once, so slow inputs are repeated.
        if (outcome.Took.TotalSeconds > MaxSeconds && Try(input) is var second && second.Took < outcome.Took)
            outcome = second;
        (string behaviour, string fault) = (outcome.Behaviour, outcome.Fault);
        if (fault.Length == 0 && input.Size < 1_000_000)
        {
            if (outcome.Took.TotalSeconds > MaxSeconds)
                fault = "slow";
            else if (outcome.Allocated > MaxBytes)
                fault = "memory";
        }
        if (outcome.Took > Slowest)
            Slowest = outcome.Took;
        if (outcome.Allocated > LargestAllocation)
            LargestAllocation = outcome.Allocated;
        if (outcome.Refusal is { } refusal)
        {
            Refused++;
            LatestRefusal = refusal;
        }
        if (fault.Length > 0 && faults.Add(fault))
            Findings.Add(new Finding(target.Name, fault, input));
        if (behaviours.Count < 20_000 && behaviours.Add(behaviour))
            Keep(input);
    }

    private Outcome Try(FuzzInput input)
    {
        string behaviour = "read",
            fault = "";
        string? refusal = null;
        long allocated = GC.GetTotalAllocatedBytes(),
            start = Stopwatch.GetTimestamp();
        try
        {
            target.Read(input);
        }
        catch (Q2Exception error)
        {
            refusal = error.Message;
            behaviour =
                error.GetType().Name
                + Digits().Replace(error.Message.Length > 160 ? error.Message[..160] : error.Message, "#");
        }
        catch (Exception error)
        {
            behaviour = fault = $"{error.GetType().Name} {Where(error)}";
        }
        return new Outcome(
            behaviour,
            fault,
            refusal,
            Stopwatch.GetElapsedTime(start),
            GC.GetTotalAllocatedBytes() - allocated
        );
    }

    // Behaviour distinguishes inputs; fault is empty when there is none; refusal is the message of an expected
    // exception.
    private readonly record struct Outcome(
        string Behaviour,
        string Fault,
        string? Refusal,
        TimeSpan Took,
        long Allocated
    );

    private void Keep(FuzzInput input)
    {
        if (input.Size > 60_000)
            return;
        if (pool.Count < LargestPool + seedCount)
            pool.Add(input);
        else
            pool[seedCount + dice.Next(LargestPool)] = input;
    }

    // The first stack frame in this project's code, which distinguishes defects.
    private static string Where(Exception error)
    {
        string? frame = error
            .StackTrace?.Split('\n')
            .FirstOrDefault(line =>
                line.Contains("Qua2SeDiMo.", StringComparison.Ordinal)
                && !line.Contains("Qua2SeDiMo.Fuzz", StringComparison.Ordinal)
            );
        return frame is null
            ? ""
            : frame.Trim().Split(" in ")[0] + (frame.Split(":line ") is [_, var line] ? ":" + line.Trim() : "");
    }

    [GeneratedRegex("[0-9]+|'[^']*'")]
    private static partial Regex Digits();
}
