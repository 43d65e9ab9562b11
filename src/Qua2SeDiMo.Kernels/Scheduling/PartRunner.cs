namespace Qua2SeDiMo.Kernels.Scheduling;

/// <summary>Runs parts 0 to count − 1, in any order and on any threads, and returns when all are done. The parts of a product do not depend
/// on the threads, so neither does its result.</summary>
/// <param name="count">Parts.</param>
/// <param name="part">One part.</param>
public delegate void PartRunner(int count, Action<int> part);

/// <summary>The runners that need no host.</summary>
public static class PartRunners
{
    /// <summary>All parts on the calling thread.</summary>
    public static PartRunner Sequential { get; } = (count, part) =>
    {
        for (int i = 0; i < count; i++) part(i);
    };

    /// <summary>Parts on up to so many threads of the pool.</summary>
    public static PartRunner Threads(int threads)
    {
        if (threads == 1) return Sequential;
        var options = new ParallelOptions { MaxDegreeOfParallelism = threads };
        return (count, part) => Parallel.For(0, count, options, part);
    }
}
