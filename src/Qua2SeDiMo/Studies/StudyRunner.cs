using System.Runtime.ExceptionServices;

namespace Qua2SeDiMo.Studies;

/// <summary>
/// Takes trials from a store, evaluates them one after the other and stores the results, until the study is complete. Several runners, also of
/// several processes, may work on one study.
/// </summary>
/// <param name="store">Holds the study.</param>
/// <param name="sampler">Proposes trials that the store does not hold yet.</param>
/// <param name="objective">Evaluates.</param>
/// <param name="worker">Who this is.</param>
/// <param name="time">Clock of heartbeats and waits.</param>
public sealed class StudyRunner(IStudyStore store, IAllocationSampler sampler, ITrialObjective objective, StudyWorker worker, TimeProvider time)
{
    /// <summary>How often a worker shows that it lives: several times within the lease timeout.</summary>
    public static readonly TimeSpan HeartbeatInterval = TimeSpan.FromSeconds(10);

    /// <summary>How often a runner without work looks whether other workers have finished or gone.</summary>
    public static readonly TimeSpan WaitInterval = TimeSpan.FromSeconds(1);

    /// <summary>Failures in a row after which the run stops.</summary>
    public const int MaxConsecutiveFailures = 3;

    /// <summary>Runs until <paramref name="trialCount"/> trials are finished, by whichever worker.</summary>
    /// <param name="trialCount">Trials of the study; more than before adds trials, fewer leaves the others alone.</param>
    /// <param name="seed">Seed of the first image of each trial.</param>
    /// <param name="progress">Told of every step.</param>
    /// <param name="cancellationToken">Gives the running trial back and ends with <see cref="OperationCanceledException"/>.</param>
    /// <returns>All trials of the store.</returns>
    /// <exception cref="TrialFailureException">Several trials in a row failed.</exception>
    /// <exception cref="TrialInterruptedException">Something that is no trial's own fault stopped the run; the trial waits again.</exception>
    public async Task<IReadOnlyList<Trial>> RunAsync(
        int trialCount, ulong seed, IProgress<StudyProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        trialCount = Math.Min(trialCount, sampler.Count ?? trialCount);
        await EnqueueMissingAsync(trialCount, seed, cancellationToken).ConfigureAwait(false);
        var pace = new StudyPace(time, await store.CountAsync(trialCount, cancellationToken).ConfigureAwait(false), progress);
        int failures = 0;
        while (true)
        {
            Trial? trial = await store.LeaseNextAsync(worker, trialCount, cancellationToken).ConfigureAwait(false);
            pace.Update(await store.CountAsync(trialCount, cancellationToken).ConfigureAwait(false), trial);
            if (trial is not null)
            {
                (Trial? finished, Exception? error) = await EvaluateAsync(trial, pace, cancellationToken).ConfigureAwait(false);
                failures = error is null ? 0 : failures + 1;
                if (error is not null && failures == MaxConsecutiveFailures) throw new TrialFailureException(failures, trial, error);
                pace.Latest = finished ?? pace.Latest;
            }
            else if (pace.Counts is { Running: 0, Waiting: 0 })
            {
                return await store.ListAsync(cancellationToken).ConfigureAwait(false);
            }
            else if (pace.Counts.Running > 0)
            {
                await Task.Delay(WaitInterval, time, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    private async Task EnqueueMissingAsync(int trialCount, ulong seed, CancellationToken cancellationToken)
    {
        if ((await store.CountAsync(trialCount, cancellationToken).ConfigureAwait(false)).Total == trialCount) return;
        HashSet<int> present = [.. (await store.ListAsync(cancellationToken).ConfigureAwait(false)).Select(trial => trial.Number)];
        await store.EnqueueAsync(
            [.. Enumerable.Range(0, trialCount).Where(number => !present.Contains(number))
                .Select(number => new TrialProposal(number, sampler.NameOf(number), sampler.Sample(number), seed))],
            cancellationToken).ConfigureAwait(false);
    }

    // The finished trial, or null if another worker has taken it over; the error if it failed.
    private async Task<(Trial? Finished, Exception? Error)> EvaluateAsync(Trial trial, StudyPace pace, CancellationToken cancellationToken)
    {
        using var evaluation = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var released = new Lazy<Task>(() => ReleaseAsync(trial));
        // A step of a large model may outlast the patience of whoever stops the program: the lease goes back at once, not after the step.
        using CancellationTokenRegistration early = cancellationToken.Register(() => _ = released.Value);
        Task<Exception?> heartbeat = KeepLeaseAsync(trial, evaluation);
        try
        {
            TrialResult result = await Task.Run(() => EvaluateTwice(trial, pace, evaluation.Token), CancellationToken.None).ConfigureAwait(false);
            return (await store.CompleteAsync(trial, result, CancellationToken.None).ConfigureAwait(false), null);
        }
        catch (LeaseLostException)
        {
            return (null, null);
        }
        catch (OperationCanceledException) when (evaluation.IsCancellationRequested)
        {
            await released.Value.ConfigureAwait(false);
            cancellationToken.ThrowIfCancellationRequested();
            if (await heartbeat.ConfigureAwait(false) is { } error) ExceptionDispatchInfo.Throw(error);
            return (null, null);
        }
        catch (StudyFileException)
        {
            await released.Value.ConfigureAwait(false);
            throw;
        }
        catch (Exception error) when (TrialFault.Of(error) is { Origin: FaultOrigin.Surroundings } fault)
        {
            await released.Value.ConfigureAwait(false);
            throw new TrialInterruptedException(trial, fault, error);
        }
        catch (Exception error)
        {
            return await FailAsync(trial, error).ConfigureAwait(false);
        }
        finally
        {
            await evaluation.CancelAsync().ConfigureAwait(false);
            await heartbeat.ConfigureAwait(false);
        }
    }

    // What comes from the allocation comes again; what does not was chance, and no trial fails by chance.
    private TrialResult EvaluateTwice(Trial trial, StudyPace pace, CancellationToken cancellationToken)
    {
        try
        {
            return objective.Evaluate(trial.Number, trial.Allocation, pace, cancellationToken);
        }
        catch (Exception error) when (!cancellationToken.IsCancellationRequested && TrialFault.Of(error).Origin == FaultOrigin.Subject)
        {
            return objective.Evaluate(trial.Number, trial.Allocation, pace, cancellationToken);
        }
    }

    // What stops the run may keep the lease from going back too: then the next call finds this process gone.
    private async Task ReleaseAsync(Trial trial)
    {
        try
        {
            await store.ReleaseAsync(trial, CancellationToken.None).ConfigureAwait(false);
        }
        catch (Q2Exception)
        {
        }
    }

    private async Task<(Trial? Finished, Exception? Error)> FailAsync(Trial trial, Exception error)
    {
        try
        {
            return (await store.FailAsync(trial, TrialFault.Of(error).Reason, CancellationToken.None).ConfigureAwait(false), error);
        }
        catch (LeaseLostException)
        {
            return (null, null);
        }
    }

    // Ends when the evaluation ends, and ends the evaluation when the lease is lost or the store cannot be reached; then with the error.
    private async Task<Exception?> KeepLeaseAsync(Trial trial, CancellationTokenSource evaluation)
    {
        using var timer = new PeriodicTimer(HeartbeatInterval, time);
        try
        {
            while (await timer.WaitForNextTickAsync(evaluation.Token).ConfigureAwait(false))
            {
                if (await BeatAsync(trial, evaluation.Token).ConfigureAwait(false)) continue;
                await evaluation.CancelAsync().ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (evaluation.IsCancellationRequested)
        {
            // The evaluation has ended.
        }
        catch (Q2Exception error)
        {
            await evaluation.CancelAsync().ConfigureAwait(false);
            return error;
        }
        return null;
    }

    // Whether the lease still holds. A store that others keep busy may have time for the next beat.
    private async Task<bool> BeatAsync(Trial trial, CancellationToken cancellationToken)
    {
        try
        {
            return await store.HeartbeatAsync(trial, cancellationToken).ConfigureAwait(false);
        }
        catch (StorageException error) when (error.Fault == StorageFault.Busy)
        {
            return true;
        }
    }
}
