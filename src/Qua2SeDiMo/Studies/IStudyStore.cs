using Qua2SeDiMo.Quantizers;
using Qua2SeDiMo.Storage;

namespace Qua2SeDiMo.Studies;

/// <summary>
/// Keeps one study. Methods may be called from any thread and work on it. Each is one transaction: after it returns,
/// its effect survives the death of the process. Several stores, in several processes, may be open on one study; each
/// trial is leased to one worker at a time. What keeps a store from its file ends with a
/// <see cref="StorageException"/>, what is wrong with the file's content with a <see cref="StudyFileException"/>.
/// </summary>
internal interface IStudyStore : IDisposable
{
    /// <summary>The study, as it was opened.</summary>
    Study Study { get; }

    /// <summary>Adds trials in state Waiting; numbers that exist already are left as they are.</summary>
    void Enqueue(IReadOnlyList<TrialProposal> proposals);

    /// <summary>
    /// Leases the waiting trial with the lowest number. Trials whose worker is gone, or cannot be seen and has been
    /// silent for too long, count as waiting; those whose process died too often in a row are set aside instead.
    /// </summary>
    /// <param name="worker">Who takes it.</param>
    /// <param name="trialCount">Only trials with lower numbers are considered.</param>
    /// <returns>The trial in state Running; null if none waits.</returns>
    Trial? LeaseNext(StudyWorker worker, int trialCount);

    /// <summary>Shows that the worker lives.</summary>
    /// <returns>False if the lease has passed to another worker.</returns>
    bool Heartbeat(Trial leased);

    /// <summary>Ends a leased trial with its result: Complete.</summary>
    /// <exception cref="LeaseLostException">The lease has passed to another worker; nothing is stored.</exception>
    Trial Complete(Trial leased, TrialResult result);

    /// <summary>Ends a leased trial without result.</summary>
    /// <exception cref="LeaseLostException">The lease has passed to another worker; nothing is stored.</exception>
    Trial Fail(Trial leased, string reason);

    /// <summary>
    /// Gives a lease back: the trial waits again, the attempt does not count, and earlier deaths are no longer in a
    /// row. Without effect if the lease is lost.
    /// </summary>
    void Release(Trial leased);

    /// <summary>Lets failed and set-aside trials wait again, with no attempts and no deaths counted.</summary>
    /// <param name="trialCount">Only trials with lower numbers.</param>
    /// <returns>How many.</returns>
    int RetryFailed(int trialCount = int.MaxValue);

    /// <summary>Number of trials in each state, among those with numbers below <paramref name="trialCount"/>.</summary>
    TrialCounts Count(int trialCount);

    /// <summary>All trials by number, as they were at one moment.</summary>
    IReadOnlyList<Trial> List();

    /// <summary>The array of one name of every complete trial that has it, by trial number.</summary>
    IReadOnlyDictionary<int, TrialArray> ReadArrays(string name);
}

/// <summary>A trial to be added.</summary>
/// <param name="Number">Position in the study, from 0.</param>
/// <param name="Name">What to call it in tables.</param>
/// <param name="Allocation">Option of each weight.</param>
/// <param name="Seed">Seed of the first image.</param>
internal sealed record TrialProposal(int Number, string Name, BitAllocation Allocation, ulong Seed);
