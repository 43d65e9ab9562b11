using Qua2SeDiMo.Graphs.Operations;
using Qua2SeDiMo.Predictors.Evaluation;
using Qua2SeDiMo.Predictors.Import;

namespace Qua2SeDiMo.Sensitivity;

/// <summary>Scores by a network trained with another loss.</summary>
/// <param name="Loss">Name of the loss.</param>
/// <param name="HeldOutSrcc">Mean held-out SRCC of the network; NaN if unknown.</param>
/// <param name="Scores">Its scores.</param>
public sealed record NetworkSensitivity(string Loss, double HeldOutSrcc, SensitivityResult Scores);

/// <summary>Result of <c>q2 explain</c>.</summary>
/// <param name="Objective">Name of the label that the scores refer to.</param>
/// <param name="Decides">Name of the model whose scores plans use by default.</param>
/// <param name="Weights">Every weight, in the order of every score list.</param>
/// <param name="Ridge">Scores by ridge regression, in units of the objective.</param>
/// <param name="Network">Scores by the network, in standard deviations of node norms; null if none was trained.</param>
/// <param name="ModelAgreement">Kendall τ-b between the network's and ridge regression's orders of weights by the cost
/// of fewer bits; null without a network.</param>
/// <param name="Sentences">Sentences that state the result.</param>
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
    /// <summary>Name of the loss of <see cref="Network"/>; null without a network.</summary>
    public string? Loss { get; init; }

    /// <summary>Scores by networks with other losses that were fitted to the same trials.</summary>
    public IReadOnlyList<NetworkSensitivity> OtherLosses { get; init; } = [];

    /// <summary>Agreement of folds, resamples, losses and baselines; null in files of older versions.</summary>
    public AgreementTable? Agreement { get; init; }

    /// <summary>Comparisons per model: the pairs that were asked for, the two most sensitive weights, and the most with
    /// the least sensitive operator type.</summary>
    public IReadOnlyList<SensitivityComparison> Comparisons { get; init; } = [];

    /// <summary>Support of claims of ridge regression by trials and images.</summary>
    public IReadOnlyList<ClaimSupport> Claims { get; init; } = [];

    /// <summary>Agreement with true sensitivities; null if these are unknown.</summary>
    public TruthAgreement? Truth { get; init; }

    /// <summary>The trials of the fits; null in files of older versions.</summary>
    public TrainedOn? TrainedOn { get; init; }

    /// <summary>Identities of the fits to the same trials when the explanation was made.</summary>
    public IReadOnlyList<string> Fits { get; init; } = [];

    /// <summary>The scores of the network if asked for and present; otherwise those of ridge regression.</summary>
    public SensitivityResult By(string predictor) =>
        predictor == ModelNames.Network && Network is not null ? Network : Ridge;
}
