using Qua2SeDiMo.Quantizers;
using Qua2SeDiMo.Storage;

namespace Qua2SeDiMo.Studies;

/// <summary>
/// Stores one study. Methods may be called from any thread and run on it. Each is one transaction, whose effect is
/// durable when the method returns. Several stores, also of several processes, may be open on one study; each trial is
/// leased to one worker at a time. Methods throw <see cref="StorageException"/> when the file cannot be accessed and
/// <see cref="StudyFileException"/> when its content is invalid.
/// </summary>
internal interface IStudyStore : IDisposable
{
    /// <summary>The study as it was when the store was opened.</summary>
    Study Study { get; }

    /// <summary>Adds trials in state Waiting; trials whose numbers exist already are not changed.</summary>
    void Enqueue(IReadOnlyList<TrialProposal> proposals);

    /// <summary>
    /// Leases the waiting trial with the lowest number. First, running trials are recovered whose worker has ended, or
    /// is on another host and has sent no heartbeat for too long: they wait again, or are set aside when their process
    /// has died too often in a row.
    /// </summary>
    /// <param name="worker">The worker that gets the lease.</param>
    /// <param name="trialCount">Only trials with lower numbers are considered.</param>
    /// <returns>The trial, in state Running; null if no trial is waiting.</returns>
    Trial? LeaseNext(StudyWorker worker, int trialCount);

    /// <summary>Records that the worker is alive.</summary>
    /// <returns>False if the lease has passed to another worker.</returns>
    bool Heartbeat(Trial leased);

    /// <summary>Stores the result of a leased trial and sets its state to Complete.</summary>
    /// <exception cref="LeaseLostException">The lease has passed to another worker; nothing is stored.</exception>
    Trial Complete(Trial leased, TrialResult result);

    /// <summary>Sets the state of a leased trial to Failed.</summary>
    /// <exception cref="LeaseLostException">The lease has passed to another worker; nothing is stored.</exception>
    Trial Fail(Trial leased, string reason);

    /// <summary>
    /// Returns a lease: the trial waits again, the attempt is not counted, and the count of deaths in a row is reset.
    /// Has no effect if the lease was lost.
    /// </summary>
    void Release(Trial leased);

    /// <summary>Sets failed and set-aside trials back to Waiting and resets their attempts and deaths.</summary>
    /// <param name="trialCount">Only trials with lower numbers are considered.</param>
    /// <returns>The number of trials set back.</returns>
    int RetryFailed(int trialCount = int.MaxValue);

    /// <summary>Number of trials in each state, among those with numbers below <paramref name="trialCount"/>.</summary>
    TrialCounts Count(int trialCount);

    /// <summary>All trials, ordered by number, from one consistent snapshot.</summary>
    IReadOnlyList<Trial> List();

    /// <summary>The array of a given name of every complete trial that has it, by trial number.</summary>
    IReadOnlyDictionary<int, TrialArray> ReadArrays(string name);
}

/// <summary>A trial to add.</summary>
/// <param name="Number">Position in the study, from 0.</param>
/// <param name="Name">Display name.</param>
/// <param name="Allocation">Option of each weight.</param>
/// <param name="Seed">Seed of the first image.</param>
internal sealed record TrialProposal(int Number, string Name, BitAllocation Allocation, ulong Seed);
