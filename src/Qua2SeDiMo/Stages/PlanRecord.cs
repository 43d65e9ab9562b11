using System.Text.Json.Serialization;
using Qua2SeDiMo.Json;
using Qua2SeDiMo.Predictors;
using Qua2SeDiMo.Quantizers;
using Qua2SeDiMo.Runs;

namespace Qua2SeDiMo.Stages;

/// <summary>Where an allocation of the result table comes from.</summary>
public enum PlanKind
{
    /// <summary>Nothing quantized.</summary>
    FullPrecision,
    /// <summary>Chosen by predicted quality within a byte budget, and better than other proposals when measured.</summary>
    Plan,
    /// <summary>The proposal of another model for the same budget, which measured worse.</summary>
    Candidate,
    /// <summary>The same option for every weight.</summary>
    Uniform,
    /// <summary>Smallest summed weight error within the same budget.</summary>
    WeightError,
    /// <summary>The best random trial that fits the budget.</summary>
    BestRandom,
    /// <summary>A plan whose activations are rounded too.</summary>
    RoundedActivations,
}

/// <summary>A measured figure with its interval: 95 % bootstrap over prompts; null where a metric has none.</summary>
public sealed record Measured(double Value, double? Low = null, double? High = null);

/// <summary>One allocation, generated and scored.</summary>
public sealed record PlanEntry
{
    /// <summary>Unique identifier and name of its image folder, for instance <c>plan-3.75</c>.</summary>
    public required string Key { get; init; }

    /// <summary>Name for people.</summary>
    public required string Label { get; init; }

    /// <summary>Where it comes from.</summary>
    public required PlanKind Kind { get; init; }

    /// <summary>Model whose scores chose it; null for baselines.</summary>
    public string? Predictor { get; init; }

    /// <summary>What its proposer maximised; null for baselines.</summary>
    public PlanLevel? Level { get; init; }

    /// <summary>Folder of its pictures inside the run's; null where none were kept.</summary>
    public string? Pictures { get; init; }

    /// <summary>AverageBits asked for; null where none were.</summary>
    public double? RequestedBits { get; init; }

    /// <summary>Byte budget that was kept; null where there was none.</summary>
    public long? BudgetBytes { get; init; }

    /// <summary>AverageBits, tables included.</summary>
    public double AverageBits { get; init; }

    /// <summary>Bytes of the quantizable weights.</summary>
    public long SizeBytes { get; init; }

    /// <summary>Bits that its activations were rounded to when it was measured; null for none.</summary>
    public int? ActivationBits { get; init; }

    /// <summary>Bit operations of one call of the denoiser: Σ multiply-accumulates × weight bits × activation bits, 16 where they are not rounded.</summary>
    public double? BitOperations { get; init; }

    /// <summary>What its proposer thinks of it, in the proposer's own units; null for baselines.</summary>
    public double? PredictedScore { get; init; }

    /// <summary>Label that the deciding model predicts, in label units; null where images were measured instead.</summary>
    public double? PredictedObjective { get; init; }

    /// <summary>Metric by name.</summary>
    public IReadOnlyDictionary<string, Measured> Metrics { get; init; } = new Dictionary<string, Measured>();

    /// <summary>Option by weight name.</summary>
    [JsonConverter(typeof(BitAllocationConverter))]
    public BitAllocation Allocation { get; init; } = BitAllocation.FullPrecision;
}

/// <summary>A point of a front.</summary>
/// <param name="SizeBytes">Bytes of the quantizable weights.</param>
/// <param name="AverageBits">The same as average bits, tables included.</param>
/// <param name="Score">Largest summed score within that size, in the proposer's units.</param>
public sealed record PlanFrontPoint(long SizeBytes, double AverageBits, double Score);

/// <summary>The best summed score of a proposer by size.</summary>
/// <param name="Model">Whose scores.</param>
/// <param name="Level">Scores of weights or of units.</param>
/// <param name="IsComplete">Whether all Pareto-optimal points are listed; otherwise the corners of their upper hull.</param>
/// <param name="Points">Ascending in size and in score, each the optimum of its size.</param>
public sealed record PlanFrontRecord(string Model, PlanLevel Level, bool IsComplete, IReadOnlyList<PlanFrontPoint> Points);

/// <summary>The allocations that a run proposes, and the baselines beside them.</summary>
/// <param name="Objective">What was optimised.</param>
/// <param name="Predictor">Model that decided.</param>
/// <param name="Reason">Why that one.</param>
/// <param name="Entries">All of them, full precision first.</param>
public sealed record PlanRecord(string Objective, string Predictor, string Reason, IReadOnlyList<PlanEntry> Entries)
{
    /// <summary>Fingerprint of the model; null for trials from outside, and in files of older versions.</summary>
    public string? Model { get; init; }

    /// <summary>Which trials; null in files of older versions.</summary>
    public TrainedOn? TrainedOn { get; init; }

    /// <summary>The best summed score of each proposer by size.</summary>
    public IReadOnlyList<PlanFrontRecord> Fronts { get; init; } = [];

    /// <summary>
    /// What could not be verified, in words: those allocations are not among the entries, or lack a metric. Empty when all is complete.
    /// </summary>
    public IReadOnlyList<string> Unverified { get; init; } = [];

    /// <summary>What a person should know of the plan.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];

    /// <summary>Writes the record.</summary>
    public void Write(RunDirectory run)
    {
        ArgumentNullException.ThrowIfNull(run);
        OwnJson.Write(run.Plan, this);
    }

    /// <summary>Reads the record of a run.</summary>
    /// <exception cref="Q2Exception">There is none.</exception>
    public static PlanRecord Read(RunDirectory run)
    {
        ArgumentNullException.ThrowIfNull(run);
        return RunFile.Read<PlanRecord>(run.Plan, "plan");
    }

    /// <summary>Reads the record of a run, which must be of this model and of the study as it stands.</summary>
    /// <exception cref="Q2Exception">There is none, or it is of others.</exception>
    public static PlanRecord Read(RunDirectory run, LoadedModel model)
    {
        ArgumentNullException.ThrowIfNull(model);
        RunIdentity.Check(model, run);
        PlanRecord plan = Read(run);
        if (plan.TrainedOn is not { } trained) throw RunIdentityException.OtherVersion(run.Plan, 0, "plan");
        if (plan.Model != model.Fingerprint().Hex)
        {
            throw RunIdentityException.Stale(run.Plan, $"its plans are not of the model in {model.Folder.DirectoryPath}", "`q2 plan`");
        }
        // A run directory may be kept without its study: the plan is known by its model then.
        if (!File.Exists(run.StudyDatabase)) return plan;
        TrainedOn now = StudyTrials.Read(model, run, Studies.Objective.Parse(plan.Objective)).Origin;
        return now.Fingerprint == trained.Fingerprint ? plan : throw RunIdentityException.Stale(run.Plan,
            $"its plans were made by {trained.TrialCount} trials, and the study holds others now ({now.TrialCount})",
            "`q2 fit`, `q2 explain` and `q2 plan`");
    }
}
