using Qua2SeDiMo.Graphs.Operations;
using Qua2SeDiMo.Predictors.Evaluation;
using Qua2SeDiMo.Predictors.Import;

namespace Qua2SeDiMo.Sensitivity;

/// <summary>Scores by a network of a further loss.</summary>
/// <param name="Loss">What it was trained on.</param>
/// <param name="HeldOutSrcc">Mean held-out SRCC.</param>
/// <param name="Scores">Its scores.</param>
public sealed record NetworkSensitivity(string Loss, double HeldOutSrcc, SensitivityResult Scores);

/// <summary>Result of <c>q2 explain</c>.</summary>
/// <param name="Objective">What the scores are about.</param>
/// <param name="Decides">Model whose scores plans follow by default.</param>
/// <param name="Weights">Every weight, in the order of every score list.</param>
/// <param name="Ridge">Scores by ridge regression, in units of the objective.</param>
/// <param name="Network">Scores by the network, in standard deviations of node norms; null when none was
/// trained.</param>
/// <param name="ModelAgreement">Kendall τ-b between the two models' orders of weights by what fewer bits cost; null
/// without network.</param>
/// <param name="Sentences">What the numbers say, in words.</param>
public sealed record SensitivityRecord(
    string Objective,
    string Decides,
    IReadOnlyList<WeightPosition> Weights,
    SensitivityResult Ridge,
    SensitivityResult? Network,
    double? ModelAgreement,
    IReadOnlyList<string> Sentences
)
{
    /// <summary>Loss of <see cref="Network"/>; null without it.</summary>
    public string? Loss { get; init; }

    /// <summary>Networks of the other losses that were fitted to the same trials.</summary>
    public IReadOnlyList<NetworkSensitivity> OtherLosses { get; init; } = [];

    /// <summary>How folds, resamples, losses and baselines agree; null in files of older versions.</summary>
    public AgreementTable? Agreement { get; init; }

    /// <summary>"Is A more sensitive than B?", model by model: the two most sensitive weights, the most and the least
    /// sensitive type, and what was asked for.</summary>
    public IReadOnlyList<SensitivityComparison> Comparisons { get; init; } = [];

    /// <summary>Trials and images behind claims of ridge regression.</summary>
    public IReadOnlyList<ClaimSupport> Claims { get; init; } = [];

    /// <summary>Agreement with true sensitivities; null where none are known.</summary>
    public TruthAgreement? Truth { get; init; }

    /// <summary>Which trials; null in files of older versions.</summary>
    public TrainedOn? TrainedOn { get; init; }

    /// <summary>Identities of the fits whose networks were scored.</summary>
    public IReadOnlyList<string> Fits { get; init; } = [];

    /// <summary>The scores of a model of <see cref="ModelNames"/>; ridge regression's for any but the
    /// network.</summary>
    public SensitivityResult By(string predictor) =>
        predictor == ModelNames.Network && Network is not null ? Network : Ridge;
}
