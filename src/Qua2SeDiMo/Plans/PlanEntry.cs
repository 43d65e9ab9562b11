using System.Text.Json;
using System.Text.Json.Serialization;
using Qua2SeDiMo.Kernels.Codes;
using Qua2SeDiMo.Quantizers;

namespace Qua2SeDiMo.Plans;

/// <summary>Where an allocation of the result table comes from.</summary>
public enum PlanKind
{
    /// <summary>Nothing quantized.</summary>
    FullPrecision,

    /// <summary>Chosen by predicted quality within a byte budget, and better than other candidates when
    /// measured.</summary>
    Plan,

    /// <summary>The candidate of another source for the same budget, which measured worse.</summary>
    Candidate,

    /// <summary>The same option for every weight.</summary>
    Uniform,

    /// <summary>Smallest summed weight error within the same budget.</summary>
    WeightError,

    /// <summary>The best random trial that fits the budget.</summary>
    BestRandom,

    /// <summary>A plan whose activations are quantized too.</summary>
    RoundedActivations,
}

/// <summary>A measured figure with its interval: 95 % bootstrap over prompts; null where a metric has none.</summary>
public sealed record Measured(double Value, double? Low = null, double? High = null);

/// <summary>One allocation of a plan's table, generated and scored.</summary>
public sealed record PlanEntry : IJsonOnDeserialized
{
    // Single precision and the largest tables stay far below.
    private const double MaximumAverageBits = 1024;

    /// <summary>Suffix of metrics that were measured on prompts and seeds which no trial saw.</summary>
    public const string FreshSuffix = "-fresh";

    /// <summary>An entry without scores.</summary>
    public PlanEntry() { }

    [JsonConstructor]
    private PlanEntry(string? predictor = null, PlanLevel? level = null) =>
        Scores = predictor is null ? null : ScoreModel.OfFile(predictor, level);

    /// <summary>
    /// Unique name, for instance <c>plan-3.75</c>: of the row in the file, of its trial and of its folder of images.
    /// Nothing is read from it.
    /// </summary>
    public required string Key { get; init; }

    /// <summary>Name in tables.</summary>
    public required string Label { get; init; }

    /// <summary>Where it comes from.</summary>
    public required PlanKind Kind { get; init; }

    /// <summary>Scores that chose it; null for baselines.</summary>
    [JsonIgnore]
    public ScoreModel? Scores { get; init; }

    /// <summary>Family of <see cref="Scores"/>.</summary>
    public string? Predictor => Scores?.Family;

    /// <summary>Level of <see cref="Scores"/>.</summary>
    public PlanLevel? Level => Scores?.Level;

    /// <summary>Folder of its pictures inside the run's; null where none were kept.</summary>
    public string? Pictures { get; init; }

    /// <summary>Size that was asked for; null where none was, and in files of older versions.</summary>
    [JsonConverter(typeof(BitBudgetConverter))]
    public BitBudget? Budget { get; init; }

    /// <summary>AverageBits asked for; null where none were.</summary>
    public double? RequestedBits { get; init; }

    /// <summary>Byte budget that was kept; null where there was none.</summary>
    public long? BudgetBytes { get; init; }

    /// <summary>AverageBits, tables included.</summary>
    public double AverageBits { get; init; }

    /// <summary>Bytes of the quantizable weights.</summary>
    public long SizeBytes { get; init; }

    /// <summary>Bits that its activations were quantized to when it was measured; null for none.</summary>
    public int? ActivationBits { get; init; }

    /// <summary>
    /// Bit operations of one call of the denoiser: Σ multiply-accumulates × weight bits × activation bits, 16 where
    /// they are not quantized.
    /// </summary>
    public double? BitOperations { get; init; }

    /// <summary>Its score in the unit of <see cref="Scores"/>; null for baselines.</summary>
    public double? PredictedScore { get; init; }

    /// <summary>
    /// Similarity to full precision that a measured plan promises before images verify it, by cotangents or images that
    /// did not choose it; null elsewhere.
    /// </summary>
    public Measured? Promise { get; init; }

    /// <summary>Label that the deciding model predicts, in label units; null where images were measured
    /// instead.</summary>
    public double? PredictedObjective { get; init; }

    /// <summary>Metric by name.</summary>
    public IReadOnlyDictionary<string, Measured> Metrics { get; init; } = new Dictionary<string, Measured>();

    /// <summary>Option by weight name.</summary>
    [JsonConverter(typeof(BitAllocationConverter))]
    public BitAllocation Allocation { get; init; } = BitAllocation.FullPrecision;

    // The names become paths below the run directory, and sizes are drawn.
    void IJsonOnDeserialized.OnDeserialized()
    {
        foreach (string name in new[] { Key, Pictures ?? Key })
        {
            if (name.Length == 0 || name is "." or ".." || name.AsSpan().ContainsAny('/', '\\', '\0'))
                throw new JsonException($"'{name}' is no name of an entry");
        }
        if (SizeBytes < 0 || BudgetBytes is < 0 || AverageBits is not (>= 0 and <= MaximumAverageBits))
            throw new JsonException(
                $"the entry '{Key}' has {SizeBytes} bytes and {AverageBits} average bits, which cannot be"
            );
    }

    /// <summary>The option of every weight where all have the same; null elsewhere.</summary>
    internal QuantizerSpec? UniformOption => Kind == PlanKind.Uniform ? Allocation.Specs.Values.FirstOrDefault() : null;
}
