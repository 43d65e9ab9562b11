using System.Runtime.ExceptionServices;
using Qua2SeDiMo.Studies.Sampling;

namespace Qua2SeDiMo.Studies;

/// <summary>
/// Leases trials from a store, evaluates them one after the other and stores the results, until the study is complete.
/// Several runners, also of several processes, may work on one study.
/// </summary>
/// <param name="store">Store of the study.</param>
/// <param name="sampler">Proposes the trials that the store does not have yet.</param>
/// <param name="objective">Evaluates trials.</param>
/// <param name="worker">Identity of this process.</param>
/// <param name="time">Clock of heartbeats and waits.</param>
internal sealed class StudyRunner(
    IStudyStore store,
    IAllocationSampler sampler,
    ITrialObjective objective,
    StudyWorker worker,
    TimeProvider time
)
{
    /// <summary>Interval of heartbeats, several times shorter than the lease timeout.</summary>
    public static readonly TimeSpan HeartbeatInterval = TimeSpan.FromSeconds(10);

    /// <summary>Interval at which a runner without a trial checks whether other workers have finished or
    /// ended.</summary>
    public static readonly TimeSpan WaitInterval = TimeSpan.FromSeconds(1);

    /// <summary>Number of failures in a row after which the run stops.</summary>
    public const int MaxConsecutiveFailures = 3;

    /// <summary>Runs until <paramref name="trialCount"/> trials are finished, by this or other workers.</summary>
    /// <param name="trialCount">Number of trials; missing ones are added, and trials with higher numbers are
    /// ignored.</param>
    /// <param name="seed">Seed of the first image of each trial.</param>
    /// <param name="progress">Receives the progress of the study.</param>
    /// <param name="cancellationToken">Returns the lease of the running trial and ends with
    /// <see cref="OperationCanceledException"/>.</param>
    /// <returns>All trials of the store.</returns>
    /// <exception cref="TrialFailureException"><see cref="MaxConsecutiveFailures"/> trials in a row failed.</exception>
    /// <exception cref="TrialInterruptedException">An error that the trial did not cause stopped the run; the trial
    /// waits again.</exception>
    public IReadOnlyList<Trial> Run(
        int trialCount,
        ulong seed,
        IProgress<StudyProgress>? progress = null,
        CancellationToken cancellationToken = default
    )
    {
        cancellationToken.ThrowIfCancellationRequested();
        trialCount = Math.Min(trialCount, sampler.Count ?? trialCount);
        EnqueueMissing(trialCount, seed);
        var pace = new StudyPace(time, store.Count(trialCount), progress);
        int failures = 0;
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            Trial? trial = store.LeaseNext(worker, trialCount);
            pace.Update(store.Count(trialCount), trial);
            if (trial is not null)
            {
                (Trial? finished, Exception? error) = Evaluate(trial, pace, cancellationToken);
                failures = error is null ? 0 : failures + 1;
                if (error is not null && failures == MaxConsecutiveFailures)
                    throw new TrialFailureException(failures, trial, error);
                pace.Latest = finished ?? pace.Latest;
            }
            else if (pace.Counts is { Running: 0, Waiting: 0 })
            {
                return store.List();
            }
            else if (pace.Counts.Running > 0)
            {
                Task.Delay(WaitInterval, time, CancellationToken.None).Wait(cancellationToken);
            }
        }
    }

    private void EnqueueMissing(int trialCount, ulong seed)
    {
        if (store.Count(trialCount).Total == trialCount)
            return;
        HashSet<int> present = [.. store.List().Select(trial => trial.Number)];
        store.Enqueue([
            .. Enumerable
                .Range(0, trialCount)
                .Where(number => !present.Contains(number))
                .Select(number => new TrialProposal(number, sampler.NameOf(number), sampler.Sample(number), seed)),
        ]);
    }

    // Returns the finished trial, or null if another worker has taken it over; and the error if the trial failed.
    private (Trial? Finished, Exception? Error) Evaluate(
        Trial trial,
        StudyPace pace,
        CancellationToken cancellationToken
    )
    {
        using var evaluation = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var released = new Lazy<bool>(() => TryRelease(trial));
        // The lease is returned at once, not after the current step: with a large model, whoever stops the program may
        // kill it before the step ends.
        using CancellationTokenRegistration early = cancellationToken.Register(() => _ = released.Value);
        using var heartbeat = new LeaseHeartbeat(store, trial, evaluation, time);
        try
        {
            TrialResult result = EvaluateTwice(trial, pace, evaluation.Token);
            return (store.Complete(trial, result), null);
        }
        catch (LeaseLostException)
        {
            return (null, null);
        }
        catch (OperationCanceledException) when (evaluation.IsCancellationRequested)
        {
            _ = released.Value;
            cancellationToken.ThrowIfCancellationRequested();
            if (heartbeat.Error is { } error)
                ExceptionDispatchInfo.Throw(error);
            return (null, null);
        }
        catch (StudyFileException)
        {
            _ = released.Value;
            throw;
        }
        catch (Exception error) when (TrialFault.Of(error) is { Origin: FaultOrigin.Surroundings } fault)
        {
            _ = released.Value;
            throw new TrialInterruptedException(trial, fault, error);
        }
        catch (Exception error)
        {
            return Fail(trial, error);
        }
    }

    // Evaluates again after an error that the allocation seems to cause, so that a trial fails only if the error
    // repeats.
    private TrialResult EvaluateTwice(Trial trial, StudyPace pace, CancellationToken cancellationToken)
    {
        try
        {
            return objective.Evaluate(trial.Number, trial.Allocation, pace, cancellationToken);
        }
        catch (Exception error)
            when (!cancellationToken.IsCancellationRequested && TrialFault.Of(error).Origin == FaultOrigin.Subject)
        {
            return objective.Evaluate(trial.Number, trial.Allocation, pace, cancellationToken);
        }
    }

    // Returning the lease may fail for the same reason that stops the run; it is then recovered when this process has
    // ended.
    private bool TryRelease(Trial trial)
    {
        try
        {
            store.Release(trial);
            return true;
        }
        catch (Q2Exception)
        {
            return false;
        }
    }

    private (Trial? Finished, Exception? Error) Fail(Trial trial, Exception error)
    {
        try
        {
            return (store.Fail(trial, TrialFault.Of(error).Reason), error);
        }
        catch (LeaseLostException)
        {
            return (null, null);
        }
    }
}
