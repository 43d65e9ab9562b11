using Qua2SeDiMo.Kernels.Scheduling;

namespace Qua2SeDiMo.Benchmarks;

/// <summary>
/// Threads that wait for parts: a program that multiplies often, without ONNX Runtime's own threads, saves the way
/// through the shared pool. The caller takes parts too. One product at a time.
/// </summary>
internal sealed class WorkPool : IDisposable
{
    // After its last part a thread looks for new ones about this often before it sleeps: products of one model follow
    // each other closely.
    private const int Looks = 2000;

    private readonly Thread[] workers;
    private readonly SemaphoreSlim sleeping = new(0);
    private Batch current = new(0, _ => { });
    private int asleep;
    private volatile bool stopped;

    /// <summary>Starts the threads.</summary>
    /// <param name="threads">All threads, the caller's included; at least 1.</param>
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

    /// <summary>A <see cref="WorkRunner"/>.</summary>
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

    /// <summary>Ends the threads and waits for them.</summary>
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
                // A batch that came between the last look and the count would find nobody to wake.
                if (Volatile.Read(ref current) == done && !stopped)
                    sleeping.Wait();
                Interlocked.Decrement(ref asleep);
                continue;
            }
            done = found;
            done.Take();
        }
    }

    /// <summary>The parts of one product.</summary>
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
