namespace Qua2SeDiMo.Kernels.Scheduling;

/// <summary>Runs work items 0 to count − 1, in any order and on any threads, and returns when all are done. The split
/// of a product into items does not depend on the threads, so neither does its result.</summary>
/// <param name="count">Work items.</param>
/// <param name="item">Runs the item with the given number.</param>
public delegate void WorkRunner(int count, Action<int> item);

/// <summary>Runners that use .NET threads only.</summary>
public static class WorkRunners
{
    /// <summary>Runs all work items on the calling thread.</summary>
    public static WorkRunner Sequential { get; } =
        (count, item) =>
        {
            for (int i = 0; i < count; i++)
                item(i);
        };

    /// <summary>Runs work items on at most the given number of threads of the thread pool.</summary>
    public static WorkRunner Threads(int threads)
    {
        if (threads == 1)
            return Sequential;
        var options = new ParallelOptions { MaxDegreeOfParallelism = threads };
        return (count, item) => Parallel.For(0, count, options, item);
    }
}
