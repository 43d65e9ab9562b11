using Qua2SeDiMo.Storage;

namespace Qua2SeDiMo.Studies;

/// <summary>
/// Shows at intervals that the worker of a leased trial lives, from a timer's thread, until it is disposed of. It ends
/// the evaluation when the lease is lost or the store cannot be reached.
/// </summary>
internal sealed class LeaseHeartbeat : IDisposable
{
    private readonly Lock gate = new();
    private readonly IStudyStore store;
    private readonly Trial trial;
    private readonly CancellationTokenSource evaluation;
    private readonly ITimer timer;
    private bool hasEnded;

    /// <summary>Begins to beat.</summary>
    /// <param name="store">Holds the lease.</param>
    /// <param name="trial">The trial, as it was leased.</param>
    /// <param name="evaluation">Cancelled when there is no point in going on.</param>
    /// <param name="time">Clock of the interval.</param>
    internal LeaseHeartbeat(IStudyStore store, Trial trial, CancellationTokenSource evaluation, TimeProvider time)
    {
        this.store = store;
        this.trial = trial;
        this.evaluation = evaluation;
        timer = time.CreateTimer(_ => Beat(), null, StudyRunner.HeartbeatInterval, StudyRunner.HeartbeatInterval);
    }

    /// <summary>What kept the store from being reached; null while nothing did.</summary>
    internal Exception? Error { get; private set; }

    /// <summary>Ends the beats. No beat is under way afterwards, so that the store may be closed.</summary>
    public void Dispose()
    {
        lock (gate)
            hasEnded = true;
        timer.Dispose();
    }

    private void Beat()
    {
        // A beat that takes longer than the interval is not joined by the next one.
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
            // A store that others keep busy may have time for the next beat.
        }
        catch (Exception error)
        {
            // On a timer's thread any error would end the process; the runner's thread throws it.
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
