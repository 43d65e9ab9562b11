using System.Runtime.ExceptionServices;
using Qua2SeDiMo.Studies.Sampling;

namespace Qua2SeDiMo.Studies;

/// <summary>
/// Takes trials from a store, evaluates them one after the other and stores the results, until the study is complete.
/// Several runners, also of several processes, may work on one study.
/// </summary>
/// <param name="store">Holds the study.</param>
/// <param name="sampler">Proposes trials that the store does not hold yet.</param>
/// <param name="objective">Evaluates.</param>
/// <param name="worker">Who this is.</param>
/// <param name="time">Clock of heartbeats and waits.</param>
internal sealed class StudyRunner(
    IStudyStore store,
    IAllocationSampler sampler,
    ITrialObjective objective,
    StudyWorker worker,
    TimeProvider time
)
{
    /// <summary>How often a worker shows that it lives: several times within the lease timeout.</summary>
    public static readonly TimeSpan HeartbeatInterval = TimeSpan.FromSeconds(10);

    /// <summary>How often a runner without work looks whether other workers have finished or gone.</summary>
    public static readonly TimeSpan WaitInterval = TimeSpan.FromSeconds(1);

    /// <summary>Failures in a row after which the run stops.</summary>
    public const int MaxConsecutiveFailures = 3;

    /// <summary>Runs until <paramref name="trialCount"/> trials are finished, by whichever worker.</summary>
    /// <param name="trialCount">Trials of the study; more than before adds trials, fewer leaves the others
    /// alone.</param>
    /// <param name="seed">Seed of the first image of each trial.</param>
    /// <param name="progress">Told of every step.</param>
    /// <param name="cancellationToken">Gives the running trial back and ends with
    /// <see cref="OperationCanceledException"/>.</param>
    /// <returns>All trials of the store.</returns>
    /// <exception cref="TrialFailureException">Several trials in a row failed.</exception>
    /// <exception cref="TrialInterruptedException">Something that is no trial's own fault stopped the run; the trial
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

    // The finished trial, or null if another worker has taken it over; the error if it failed.
    private (Trial? Finished, Exception? Error) Evaluate(
        Trial trial,
        StudyPace pace,
        CancellationToken cancellationToken
    )
    {
        using var evaluation = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var released = new Lazy<bool>(() => TryRelease(trial));
        // A step of a large model may outlast the patience of whoever stops the program: the lease goes back at once,
        // not after the step.
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

    // What comes from the allocation comes again; what does not was chance, and no trial fails by chance.
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

    // What stops the run may keep the lease from going back too: then the next call finds this process gone.
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
