using Qua2SeDiMo.Storage;

namespace Qua2SeDiMo.Studies;

/// <summary>
/// Sends heartbeats for a leased trial at intervals, on a timer's thread, until disposed. Cancels the evaluation when
/// the lease is lost or the store cannot be accessed.
/// </summary>
internal sealed class LeaseHeartbeat : IDisposable
{
    private readonly Lock gate = new();
    private readonly IStudyStore store;
    private readonly Trial trial;
    private readonly CancellationTokenSource evaluation;
    private readonly ITimer timer;
    private bool hasEnded;

    /// <summary>Starts the heartbeats.</summary>
    /// <param name="store">Store that holds the lease.</param>
    /// <param name="trial">The trial as returned by the store with the lease.</param>
    /// <param name="evaluation">Cancelled when the lease is lost or the store fails.</param>
    /// <param name="time">Clock of the interval.</param>
    internal LeaseHeartbeat(IStudyStore store, Trial trial, CancellationTokenSource evaluation, TimeProvider time)
    {
        this.store = store;
        this.trial = trial;
        this.evaluation = evaluation;
        timer = time.CreateTimer(_ => Beat(), null, StudyRunner.HeartbeatInterval, StudyRunner.HeartbeatInterval);
    }

    /// <summary>The error that the store threw; null if there was none.</summary>
    internal Exception? Error { get; private set; }

    /// <summary>Ends the heartbeats and waits for one in progress, so that the store may be closed
    /// afterwards.</summary>
    public void Dispose()
    {
        lock (gate)
            hasEnded = true;
        timer.Dispose();
    }

    private void Beat()
    {
        // If a heartbeat takes longer than the interval, the next one is skipped.
        if (!gate.TryEnter())
            return;
        try
        {
            if (hasEnded || store.Heartbeat(trial))
                return;
            End();
        }
        catch (StorageException error) when (error.Fault == StorageFault.Busy)
        {
            // The store may no longer be busy at the next heartbeat.
        }
        catch (Exception error)
        {
            // An exception on the timer's thread would end the process, so it is kept for the runner's thread to throw.
            Error = error;
            End();
        }
        finally
        {
            gate.Exit();
        }
    }

    private void End()
    {
        hasEnded = true;
        evaluation.Cancel();
    }
}
