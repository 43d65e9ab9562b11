using Qua2SeDiMo.Quantizers;

namespace Qua2SeDiMo.Studies;

/// <summary>One allocation of a study and its state, as stored at one moment.</summary>
/// <param name="Number">Position in the study, from 0.</param>
/// <param name="Name">Given by the sampler, for instance <c>random-17</c> or <c>uniform-uaq-4</c>.</param>
/// <param name="Allocation">Option of each weight.</param>
/// <param name="Seed">Seed of the first image: image i starts from the noise of Seed + i, or of Seed where all images
/// share their noise.</param>
/// <param name="State">State of the trial.</param>
public sealed record Trial(int Number, string Name, BitAllocation Allocation, ulong Seed, TrialState State)
{
    /// <summary>Number of leases so far; together with <see cref="Number"/> it identifies the current lease.</summary>
    public int Attempt { get; init; }

    /// <summary>Number of consecutive leases whose process ended without a result or release: killed, crashed, out of
    /// memory.</summary>
    public int Deaths { get; init; }

    /// <summary>The worker that holds or last held the lease; null before the first lease.</summary>
    internal StudyWorker? Worker { get; init; }

    /// <summary>Start of the current or last attempt; null before the first.</summary>
    public DateTimeOffset? StartedAt { get; init; }

    /// <summary>Last heartbeat of the worker; null before the first lease.</summary>
    public DateTimeOffset? HeartbeatAt { get; init; }

    /// <summary>Time at which the trial reached a final state; null before.</summary>
    public DateTimeOffset? FinishedAt { get; init; }

    /// <summary>Why the trial failed or was set aside; otherwise null.</summary>
    public string? Failure { get; init; }

    /// <summary>Value by metric name; empty until the trial is complete.</summary>
    public IReadOnlyDictionary<string, double> Metrics { get; init; } = new Dictionary<string, double>();

    /// <summary>Time by stage; empty until the trial is complete.</summary>
    public IReadOnlyDictionary<string, TimeSpan> Durations { get; init; } = new Dictionary<string, TimeSpan>();

    /// <summary>Whether the trial is in a final state.</summary>
    public bool IsFinished => State is TrialState.Complete or TrialState.Failed or TrialState.SetAside;
}
