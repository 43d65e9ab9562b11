using System.Diagnostics;
using System.Reflection;
using System.Runtime.Loader;

namespace Qua2SeDiMo.Benchmarks;

/// <summary>
/// Products and convolutions of two builds of this program in one process, on one thread: every call of one is followed
/// by a call of the other, so that a machine whose speed drifts slows both. Each build is loaded twice, in the order
/// A B B A: where a build lies in memory and how it was compiled differs from load to load, and the two loads of one
/// build show by how much.
/// </summary>
internal static class MatMulTurns
{
    private const int Turns = 30,
        WarmUps = 3,
        MaxTokens = 256,
        LongTurns = 12,
        Threads = 1;

    // A turn takes at least this long, so that the clock's steps do not count; a pair of one contender's calls is short
    // enough that the machine is the same for both.
    private static readonly TimeSpan Least = TimeSpan.FromMilliseconds(2),
        Long = TimeSpan.FromMilliseconds(30);

    private static readonly (int Bits, int ActivationBits, string Name)[] Kinds =
    [
        (4, 0, "q2_w4"),
        (3, 0, "q2_w3"),
        (4, 8, "q2_w4a8"),
        (3, 8, "q2_w3a8"),
    ];

    /// <summary>One operation of both builds.</summary>
    /// <param name="Operation">Shape of the weight, or the convolution.</param>
    /// <param name="Tokens">Rows of the input, or positions of a side of the image.</param>
    /// <param name="Kind">Bits of weights and activations.</param>
    /// <param name="Before">Median milliseconds of the older build, both loads.</param>
    /// <param name="After">Median milliseconds of the newer build, both loads.</param>
    /// <param name="Ratio">After ÷ before: the median over turns of the geometric mean over loads.</param>
    /// <param name="Low">Lower end of the 95 % interval of that median, by ranks.</param>
    /// <param name="High">Upper end.</param>
    /// <param name="Control">Second load ÷ first load of the same build, in the same way: 1 if loads did not differ.</param>
    internal sealed record Row(
        string Operation,
        int Tokens,
        string Kind,
        double Before,
        double After,
        double Ratio,
        double Low,
        double High,
        double Control
    );

    /// <summary>Compares two builds at every shape of the product benchmark up to 256 tokens.</summary>
    /// <param name="before">This program's assembly, built from the older code.</param>
    /// <param name="after">The same of the newer code.</param>
    /// <param name="only">Part of the operation and kind, to compare some; empty for all.</param>
    internal static IReadOnlyList<Row> Run(string before, string after, string only)
    {
        // The first load of a process is faster than all later ones, also than those of the same build; it is not counted.
        Type first = Contender(before);
        Type[] loads = [Contender(before), Contender(after), Contender(after), Contender(before)];
        var rows = new List<Row>();
        foreach ((int bits, int activationBits, string kind) in Kinds)
        {
            foreach ((int outChannels, int rowLength) in MatMulBenchmark.Shapes)
            {
                foreach (int tokens in MatMulBenchmark.TokenCounts.Where(tokens => tokens <= MaxTokens))
                {
                    object[] shape = [outChannels, rowLength, tokens, bits, activationBits, Threads];
                    Add($"matmul {outChannels}×{rowLength}", tokens, nameof(KernelContender.Linear), shape, kind);
                }
            }
            foreach (
                (int inChannels, int outChannels, int side, int kernel, int stride) in MatMulBenchmark.Convolutions
            )
            {
                object[] shape = [inChannels, outChannels, side, kernel, stride, bits, activationBits, Threads];
                string name = $"conv {inChannels}→{outChannels} {kernel}×{kernel}, stride {stride}";
                Add(name, side, nameof(KernelContender.Convolution), shape, kind);
            }
        }
        return rows;

        void Add(string operation, int tokens, string method, object[] shape, string kind)
        {
            if (!$"{operation} × {tokens} {kind}".Contains(only, StringComparison.Ordinal))
                return;
            Prepare(first, method, shape)();
            rows.Add(Compare(operation, tokens, kind, [.. loads.Select(load => Prepare(load, method, shape))]));
            Row row = rows[^1];
            Console.WriteLine(
                $"{operation} × {tokens} {kind}: {row.Ratio:0.000} ({row.Low:0.000} to {row.High:0.000})"
            );
        }
    }

    private static Row Compare(string operation, int tokens, string kind, Action[] loads)
    {
        (int calls, int turns) = Calls(loads[0]);
        double[][] times = [.. loads.Select(_ => new double[turns])];
        for (int turn = -WarmUps; turn < turns; turn++)
        {
            // The next one finds caches that the one before has filled, so the order is reversed every other turn.
            foreach (int load in (turn & 1) == 0 ? new[] { 0, 1, 2, 3 } : [3, 2, 1, 0])
            {
                double time = Time(loads[load], calls);
                if (turn >= 0)
                    times[load][turn] = time;
            }
        }
        double[] ratios = [.. Turn(turn => times[1][turn] * times[2][turn] / (times[0][turn] * times[3][turn]))],
            control = [.. Turn(turn => times[3][turn] * times[2][turn] / (times[0][turn] * times[1][turn]))];
        // Ranks of the sign test: half the turns, two standard deviations to each side.
        int reach = (int)Math.Ceiling(Math.Sqrt(turns));
        return new Row(
            operation,
            tokens,
            kind,
            Rounded(Middle([.. times[0].Concat(times[3]).Order()])),
            Rounded(Middle([.. times[1].Concat(times[2]).Order()])),
            Rounded(Middle(ratios)),
            Rounded(ratios[Math.Max(0, (turns / 2) - reach)]),
            Rounded(ratios[Math.Min(turns - 1, (turns / 2) + reach)]),
            Rounded(Middle(control))
        );

        IEnumerable<double> Turn(Func<int, double> square) =>
            Enumerable.Range(0, turns).Select(turn => Math.Sqrt(square(turn))).Order();
    }

    private static double Middle(double[] sorted) => (sorted[(sorted.Length / 2) - 1] + sorted[sorted.Length / 2]) / 2;

    // How often an operation is called in a turn, and how many turns it takes.
    private static (int Calls, int Turns) Calls(Action action)
    {
        action();
        long start = Stopwatch.GetTimestamp();
        int calls = 0;
        for (; calls == 0 || Stopwatch.GetElapsedTime(start) < Least; calls++)
            action();
        return (calls, Stopwatch.GetElapsedTime(start) > Long ? LongTurns : Turns);
    }

    private static double Time(Action action, int calls)
    {
        long start = Stopwatch.GetTimestamp();
        for (int call = 0; call < calls; call++)
            action();
        return Stopwatch.GetElapsedTime(start).TotalMilliseconds / calls;
    }

    private static double Rounded(double value) => Math.Round(value, 4);

    private static Action Prepare(Type contender, string method, object[] shape) =>
        (Action)contender.GetMethod(method)!.Invoke(null, shape)!;

    private static Type Contender(string assembly) =>
        new Build(Path.GetFullPath(assembly)).Load().GetType(typeof(KernelContender).FullName!, throwOnError: true)!;

    // Everything that lies beside the assembly is that build's own.
    private sealed class Build(string path) : AssemblyLoadContext(name: null)
    {
        internal Assembly Load() => LoadFromAssemblyPath(path);

        protected override Assembly? Load(AssemblyName name)
        {
            string beside = Path.Combine(Path.GetDirectoryName(path)!, $"{name.Name}.dll");
            return File.Exists(beside) ? LoadFromAssemblyPath(beside) : null;
        }
    }
}
