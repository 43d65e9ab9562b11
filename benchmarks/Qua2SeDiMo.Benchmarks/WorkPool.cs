using Qua2SeDiMo.Kernels.Scheduling;

namespace Qua2SeDiMo.Benchmarks;

/// <summary>A thread pool for work items of one product at a time. Its waiting threads spin for a while, so that
/// frequent products start faster than through the shared .NET pool. The calling thread takes work items too.</summary>
internal sealed class WorkPool : IDisposable
{
    // Number of times that an idle thread checks for a new product before it sleeps; products of a model follow each
    // other closely.
    private const int Looks = 2000;

    private readonly Thread[] workers;
    private readonly SemaphoreSlim sleeping = new(0);
    private Batch current = new(0, _ => { });
    private int asleep;
    private volatile bool stopped;

    /// <summary>Starts the threads.</summary>
    /// <param name="threads">Number of threads, including the calling one; at least 1.</param>
    public WorkPool(int threads)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(threads, 1);
        workers = new Thread[threads - 1];
        for (int i = 0; i < workers.Length; i++)
        {
            workers[i] = new Thread(Work) { IsBackground = true, Name = "parts" };
            workers[i].Start();
        }
    }

    /// <summary>Runs work items on all threads; usable as a <see cref="WorkRunner"/>.</summary>
    public void Run(int count, Action<int> part)
    {
        ArgumentNullException.ThrowIfNull(part);
        if (workers.Length == 0 || count <= 1)
        {
            WorkRunners.Sequential(count, part);
            return;
        }
        var batch = new Batch(count, part);
        Interlocked.Exchange(ref current, batch);
        int wake = Volatile.Read(ref asleep);
        if (wake > 0)
            sleeping.Release(Math.Min(wake, count - 1));
        batch.Take();
        batch.WaitForOthers();
    }

    /// <summary>Stops the threads and waits for them.</summary>
    public void Dispose()
    {
        if (stopped)
            return;
        stopped = true;
        sleeping.Release(workers.Length + 1);
        foreach (Thread worker in workers)
            worker.Join();
        sleeping.Dispose();
    }

    private void Work()
    {
        Batch done = Volatile.Read(ref current);
        done.Take();
        while (!stopped)
        {
            Batch found = Volatile.Read(ref current);
            for (int i = 0; i < Looks && found == done && !stopped; i++)
            {
                Thread.SpinWait(8);
                found = Volatile.Read(ref current);
            }
            if (found == done)
            {
                Interlocked.Increment(ref asleep);
                // A batch that was published before the counter was increased did not wake this thread, so it checks
                // again before sleeping.
                if (Volatile.Read(ref current) == done && !stopped)
                    sleeping.Wait();
                Interlocked.Decrement(ref asleep);
                continue;
            }
            done = found;
            done.Take();
        }
    }

    /// <summary>The work items of one product.</summary>
    private sealed class Batch(int count, Action<int> part)
    {
        private int next,
            finished;

        internal void Take()
        {
            for (int i = Interlocked.Increment(ref next) - 1; i < count; i = Interlocked.Increment(ref next) - 1)
            {
                part(i);
                Interlocked.Increment(ref finished);
            }
        }

        internal void WaitForOthers()
        {
            var wait = new SpinWait();
            while (Volatile.Read(ref finished) < count)
                wait.SpinOnce(sleep1Threshold: -1);
        }
    }
}
