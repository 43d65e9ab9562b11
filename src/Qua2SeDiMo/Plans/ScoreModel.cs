using System.Text.Json;
using Qua2SeDiMo.Predictors.Evaluation;

namespace Qua2SeDiMo.Plans;

/// <summary>Level at which a plan maximises scores.</summary>
public enum PlanLevel
{
    /// <summary>The summed scores of single weights.</summary>
    Op,

    /// <summary>The summed scores of units, where each option combination of a unit has one score.</summary>
    Block,

    /// <summary>The predicted label of the allocation as a whole.</summary>
    Whole,
}

/// <summary>
/// The scores that a plan maximises: a family of models, and the level of the scores. <see cref="All"/> lists every
/// combination in use.
/// </summary>
public sealed record ScoreModel
{
    /// <summary>The network's scores of single weights.</summary>
    public static readonly ScoreModel NetworkOp = new(ModelNames.Network, PlanLevel.Op);

    /// <summary>The network's scores of units.</summary>
    public static readonly ScoreModel NetworkBlock = new(ModelNames.Network, PlanLevel.Block);

    /// <summary>The network's prediction of an allocation.</summary>
    public static readonly ScoreModel NetworkWhole = new(ModelNames.Network, PlanLevel.Whole);

    /// <summary>The mean of the predictions of an allocation by the network and by ridge regression.</summary>
    public static readonly ScoreModel Ensemble = new(ModelNames.Ensemble, PlanLevel.Whole);

    /// <summary>Coefficients of ridge regression.</summary>
    public static readonly ScoreModel Ridge = new(ModelNames.Ridge, PlanLevel.Op);

    /// <summary>Measured damage of single weights.</summary>
    public static readonly ScoreModel Measured = new(ModelNames.Measured, PlanLevel.Op);

    /// <summary>Measured damage of a mixture as a whole: effects of weights that add to or cancel each other
    /// count.</summary>
    public static readonly ScoreModel MeasuredWhole = new(ModelNames.Measured, PlanLevel.Whole);

    private ScoreModel(string family, PlanLevel level) => (Family, Level) = (family, level);

    /// <summary>All scores, in display order.</summary>
    public static IReadOnlyList<ScoreModel> All { get; } =
    [Measured, MeasuredWhole, NetworkOp, NetworkBlock, NetworkWhole, Ensemble, Ridge];

    /// <summary>Name of the family: <c>measured</c>, <c>network</c>, <c>ridge</c> or <c>network+ridge</c>.</summary>
    public string Family { get; }

    /// <summary>Level of the scores.</summary>
    public PlanLevel Level { get; }

    /// <summary>Name in keys and files, for instance <c>network-block</c>; op level has no suffix.</summary>
    public string Name =>
        this == Ensemble ? "blend"
        : Level == PlanLevel.Op ? Family
        : $"{Family}-{Level.ToString().ToLowerInvariant()}";

    /// <summary>Name in sentences.</summary>
    public string Label =>
        this == Ridge ? "ridge regression"
        : this == Measured ? "the measurement"
        : this == MeasuredWhole ? "the measurement, whole allocation"
        : this == Ensemble ? "network and ridge together"
        : Level switch
        {
            PlanLevel.Block => "the network, block level",
            PlanLevel.Whole => "the network, whole allocation",
            _ => "the network, op level",
        };

    /// <summary>The scores of a family at a level, as stated in files; files of older versions state no
    /// level.</summary>
    /// <exception cref="JsonException">There are no scores of this family and level.</exception>
    internal static ScoreModel OfFile(string family, PlanLevel? level)
    {
        ScoreModel? found = All.FirstOrDefault(known =>
            known.Family == family && (level is null || known.Level == level)
        );
        string at = level is null ? "" : $" at {level.Value.ToString().ToLowerInvariant()} level";
        return found ?? throw new JsonException($"'{family}'{at} is none of the scores that plans are made by");
    }
}
