using Qua2SeDiMo.Quantizers;

namespace Qua2SeDiMo.Studies;

/// <summary>One allocation of a study and what is known of it: a row of the store, read at one moment.</summary>
/// <param name="Number">Position in the study, from 0.</param>
/// <param name="Name">Given by the sampler, for instance <c>random-17</c> or <c>uniform-uaq-4</c>.</param>
/// <param name="Allocation">Option of each weight.</param>
/// <param name="Seed">Seed of the first image; image i has the noise of Seed + i.</param>
/// <param name="State">Its state.</param>
public sealed record Trial(int Number, string Name, BitAllocation Allocation, ulong Seed, TrialState State)
{
    /// <summary>Leases so far; names the current lease together with <see cref="Number"/>.</summary>
    public int Attempt { get; init; }

    /// <summary>Leases in a row whose process ended without a word: killed, crashed, out of memory.</summary>
    public int Deaths { get; init; }

    /// <summary>Who holds or last held the lease; null before the first.</summary>
    internal StudyWorker? Worker { get; init; }

    /// <summary>When the current or last attempt began.</summary>
    public DateTimeOffset? StartedAt { get; init; }

    /// <summary>Last sign of life of the worker.</summary>
    public DateTimeOffset? HeartbeatAt { get; init; }

    /// <summary>When the trial reached a final state.</summary>
    public DateTimeOffset? FinishedAt { get; init; }

    /// <summary>Why it failed or was set aside.</summary>
    public string? Failure { get; init; }

    /// <summary>Value by metric name; empty until the trial is complete or pruned.</summary>
    public IReadOnlyDictionary<string, double> Metrics { get; init; } = new Dictionary<string, double>();

    /// <summary>Time by stage; empty until the trial is complete or pruned.</summary>
    public IReadOnlyDictionary<string, TimeSpan> Durations { get; init; } = new Dictionary<string, TimeSpan>();

    /// <summary>Whether nothing more will happen to it.</summary>
    public bool IsFinished =>
        State is TrialState.Complete or TrialState.Pruned or TrialState.Failed or TrialState.SetAside;
}
