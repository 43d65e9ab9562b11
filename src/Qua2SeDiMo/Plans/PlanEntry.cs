using System.Text.Json;
using System.Text.Json.Serialization;
using Qua2SeDiMo.Kernels.Codes;
using Qua2SeDiMo.Quantizers;

namespace Qua2SeDiMo.Plans;

/// <summary>Origin of an allocation in the result table.</summary>
public enum PlanKind
{
    /// <summary>No weight is quantized.</summary>
    FullPrecision,

    /// <summary>The candidate for a budget with the best measured or predicted quality.</summary>
    Plan,

    /// <summary>A candidate for a budget that did not become the plan.</summary>
    Candidate,

    /// <summary>The same option for every weight.</summary>
    Uniform,

    /// <summary>The allocation with the smallest summed weight error within a budget.</summary>
    WeightError,

    /// <summary>The best labelled trial within a budget.</summary>
    BestRandom,

    /// <summary>A plan measured with quantized activations as well.</summary>
    [JsonStringEnumMemberName("roundedActivations")]
    QuantizedActivations,
}

/// <summary>A measured value with its 95 % bootstrap interval over prompts; the ends are null if there is
/// none.</summary>
public sealed record Measured(double Value, double? Low = null, double? High = null);

/// <summary>One allocation in the table of a plan.</summary>
public sealed record PlanEntry : IJsonOnDeserialized
{
    // An upper bound on plausible values: single precision with the largest palettes is far below.
    private const double MaximumAverageBits = 1024;

    /// <summary>Suffix of the names of metrics measured on fresh prompts and seeds, which no trial used.</summary>
    public const string FreshSuffix = "-fresh";

    /// <summary>Creates an entry without scores.</summary>
    public PlanEntry() { }

    [JsonConstructor]
    private PlanEntry(string? predictor = null, PlanLevel? level = null) =>
        Scores = predictor is null ? null : ScoreModel.OfFile(predictor, level);

    /// <summary>
    /// Unique key, for instance <c>plan-3.75</c>: of the entry in the file, of its trial and of its folder of images.
    /// No information is parsed from it.
    /// </summary>
    public required string Key { get; init; }

    /// <summary>Display name.</summary>
    public required string Label { get; init; }

    /// <summary>Origin of the allocation.</summary>
    public required PlanKind Kind { get; init; }

    /// <summary>The scores that were maximised; null for baselines.</summary>
    [JsonIgnore]
    public ScoreModel? Scores { get; init; }

    /// <summary>Family of <see cref="Scores"/>; null for baselines.</summary>
    public string? Predictor => Scores?.Family;

    /// <summary>Level of <see cref="Scores"/>; null for baselines.</summary>
    public PlanLevel? Level => Scores?.Level;

    /// <summary>Name of the folder with its images, inside the run's folder of images; null if none were
    /// stored.</summary>
    public string? Pictures { get; init; }

    /// <summary>The budget; null for entries without one, and in files of older versions.</summary>
    [JsonConverter(typeof(BitBudgetConverter))]
    public BitBudget? Budget { get; init; }

    /// <summary>The budget in average bits; null if there is none.</summary>
    public double? RequestedBits { get; init; }

    /// <summary>The budget in bytes; null if there is none.</summary>
    public long? BudgetBytes { get; init; }

    /// <summary>AverageBits, palettes, scales and zero points included.</summary>
    public double AverageBits { get; init; }

    /// <summary>Bytes of the quantizable weights.</summary>
    public long SizeBytes { get; init; }

    /// <summary>Bits that the inputs of all layers were rounded to when it was measured; null for none, or where
    /// <see cref="Activations"/> says it layer by layer.</summary>
    public int? ActivationBits { get; init; }

    /// <summary>
    /// Bits, 2 to 8, that the input of each layer was rounded to when it was measured, by weight name; what is not
    /// listed, or has 16, was not rounded. Null where all layers have the same.
    /// </summary>
    public IReadOnlyDictionary<string, int>? Activations { get; init; }

    /// <summary>Bits that inputs of layers are rounded to.</summary>
    [JsonIgnore]
    internal ActivationAllocation Rounded => ActivationAllocation.Of(ActivationBits, Activations);

    /// <summary>
    /// Bit operations of one call of the denoiser: Σ multiply-accumulates × weight bits × activation bits, 16 where
    /// Bit operations of one call of the denoiser: Σ multiply-accumulates × weight bits × activation bits, with 16 for
    /// activations that are not quantized; null if not measured.
    /// </summary>
    public double? BitOperations { get; init; }

    /// <summary>Most bit operations of one call that it was to have; null where there was no bound.</summary>
    public double? BitOperationBudget { get; init; }

    /// <summary>Summed score in the unit of <see cref="Scores"/>; null for baselines.</summary>
    public double? PredictedScore { get; init; }

    /// <summary>
    /// Predicted similarity to full precision of a plan by measured damage, from cotangents or images that were not
    /// used to choose it; otherwise null.
    /// </summary>
    public Measured? Promise { get; init; }

    /// <summary>Label predicted by the deciding model, in label units; null for plans that are verified by
    /// images.</summary>
    public double? PredictedObjective { get; init; }

    /// <summary>Measured values by metric name.</summary>
    public IReadOnlyDictionary<string, Measured> Metrics { get; init; } = new Dictionary<string, Measured>();

    /// <summary>Option of each weight, by name.</summary>
    [JsonConverter(typeof(BitAllocationConverter))]
    public BitAllocation Allocation { get; init; } = BitAllocation.FullPrecision;

    // Keys become paths in the run directory, and sizes become coordinates of charts, so both are checked.
    void IJsonOnDeserialized.OnDeserialized()
    {
        foreach (string name in new[] { Key, Pictures ?? Key })
        {
            if (name.Length == 0 || name is "." or ".." || name.AsSpan().ContainsAny('/', '\\', '\0'))
                throw new JsonException($"'{name}' is no name of an entry");
        }
        foreach (int bits in (Activations?.Values ?? []).Concat(ActivationBits is { } all ? [all] : []))
        {
            if (!ActivationAllocation.IsWidth(bits))
                throw new JsonException($"the entry '{Key}' has inputs of {bits} bits; 2 to 8, and 16, are possible");
        }
        if (SizeBytes < 0 || BudgetBytes is < 0 || AverageBits is not (>= 0 and <= MaximumAverageBits))
            throw new JsonException(
                $"the entry '{Key}' has {SizeBytes} bytes and {AverageBits} average bits, which cannot be"
            );
    }

    /// <summary>The option of all weights of a uniform entry; otherwise null.</summary>
    internal QuantizerSpec? UniformOption => Kind == PlanKind.Uniform ? Allocation.Specs.Values.FirstOrDefault() : null;
}
