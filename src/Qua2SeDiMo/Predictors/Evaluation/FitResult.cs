using MathNet.Numerics.Statistics;

namespace Qua2SeDiMo.Predictors.Evaluation;

/// <summary>Scores of a model on the held-out trials of one fold.</summary>
/// <param name="Srcc">Spearman correlation with the labels; NaN for a constant prediction.</param>
/// <param name="PartialSrcc">Spearman correlation given average bits: how well trials of equal size are ranked.</param>
/// <param name="Ndcg10">NDCG of the first ten; relevances are scaled by the training labels.</param>
/// <param name="NdcgAll">NDCG of all test trials.</param>
/// <param name="MeanAbsoluteError">In label units.</param>
/// <param name="RootMeanSquareError">In label units.</param>
public sealed record FoldMetrics(
    double Srcc,
    double PartialSrcc,
    double Ndcg10,
    double NdcgAll,
    double MeanAbsoluteError,
    double RootMeanSquareError
);

/// <summary>Mean and standard deviation over the folds in which a figure is defined.</summary>
/// <param name="Mean">NaN when the figure is undefined in every fold.</param>
/// <param name="Deviation">Sample standard deviation (n − 1); 0 for a single fold.</param>
public sealed record FoldSummary(double Mean, double Deviation)
{
    /// <summary>Summarises one figure.</summary>
    public static FoldSummary Of(IEnumerable<double> values)
    {
        double[] defined = [.. values.Where(value => !double.IsNaN(value))];
        return defined.Length == 0
            ? new FoldSummary(double.NaN, double.NaN)
            : new FoldSummary(defined.Average(), defined.Length > 1 ? defined.StandardDeviation() : 0);
    }
}

/// <summary>Scores of one model over all folds.</summary>
/// <param name="Model">A name of <see cref="ModelNames"/>.</param>
/// <param name="Folds">Scores of each fold.</param>
/// <param name="HeldOut">Prediction of every trial, in trial order, by the model of the fold that held it out; NaN for
/// a trial in no fold.</param>
public sealed record ModelScores(string Model, IReadOnlyList<FoldMetrics> Folds, IReadOnlyList<double> HeldOut)
{
    /// <summary>Spearman correlation over folds.</summary>
    public FoldSummary Srcc => FoldSummary.Of(Folds.Select(fold => fold.Srcc));

    /// <summary>Spearman correlation given average bits, over folds.</summary>
    public FoldSummary PartialSrcc => FoldSummary.Of(Folds.Select(fold => fold.PartialSrcc));

    /// <summary>NDCG@10 over folds.</summary>
    public FoldSummary Ndcg10 => FoldSummary.Of(Folds.Select(fold => fold.Ndcg10));

    /// <summary>NDCG of all test trials, over folds.</summary>
    public FoldSummary NdcgAll => FoldSummary.Of(Folds.Select(fold => fold.NdcgAll));

    /// <summary>Mean absolute error over folds, in label units.</summary>
    public FoldSummary MeanAbsoluteError => FoldSummary.Of(Folds.Select(fold => fold.MeanAbsoluteError));

    /// <summary>Root mean square error over folds, in label units.</summary>
    public FoldSummary RootMeanSquareError => FoldSummary.Of(Folds.Select(fold => fold.RootMeanSquareError));
}

/// <summary>Names of the models in every table.</summary>
internal static class ModelNames
{
    /// <summary>The GATv2 network.</summary>
    public const string Network = "network";

    /// <summary>Ridge regression on one-hot options.</summary>
    public const string Ridge = "ridge";

    /// <summary>The measured damage of every option of every weight; nothing is fitted.</summary>
    public const string Measured = "measured";

    /// <summary>Ridge regression with pairwise terms inside units.</summary>
    public const string RidgePairs = "ridge-pairs";

    /// <summary>Ridge regression on one-hot options, shrunk towards what sizes and weight errors suggest.</summary>
    public const string RidgeTrends = "ridge-trends";

    /// <summary>The mean of the predictions of the network and of <see cref="RidgeTrends"/>, whose errors
    /// differ.</summary>
    public const string Ensemble = "network+ridge";

    /// <summary>A line through the sum of the options' main effects (marginal means).</summary>
    public const string MainEffects = "marginal-means";

    /// <summary>A line through average bits alone.</summary>
    public const string AverageBits = "average-bits";

    /// <summary>A line through the sum of weight errors.</summary>
    public const string ErrorSum = "error-sum";

    /// <summary>The mean of the training labels.</summary>
    public const string Mean = "mean";
}

/// <summary>How well the embedding norms of one hop rank held-out trials.</summary>
/// <param name="Hop">0 … 4.</param>
/// <param name="Srcc">Spearman correlation, per fold.</param>
/// <param name="NdcgAll">NDCG of all test trials, per fold.</param>
public sealed record HopMetrics(int Hop, IReadOnlyList<double> Srcc, IReadOnlyList<double> NdcgAll);

/// <summary>Result of cross-validation.</summary>
/// <param name="TrialCount">Number of trials.</param>
/// <param name="Folds">Test trials of each fold.</param>
/// <param name="Models">Scores of every model on the same held-out trials.</param>
/// <param name="Hops">Ranking by the network's hop norms; empty when no network was trained.</param>
/// <param name="Choice">The model whose scores make plans, and the reason.</param>
public sealed record FitResult(
    int TrialCount,
    IReadOnlyList<IReadOnlyList<int>> Folds,
    IReadOnlyList<ModelScores> Models,
    IReadOnlyList<HopMetrics> Hops,
    PredictorChoice Choice
)
{
    /// <summary>Scores of a model; null when it was not run.</summary>
    public ModelScores? Find(string model) => Models.FirstOrDefault(scores => scores.Model == model);
}

/// <summary>The choice of the model whose scores make plans.</summary>
/// <param name="Model">Name of the chosen model: the network or ridge regression.</param>
/// <param name="NetworkSrcc">Held-out SRCC of the network; NaN when it was not trained.</param>
/// <param name="RidgeSrcc">Held-out SRCC of the best ridge model; NaN when there is none.</param>
/// <param name="Reason">One sentence that states the choice and both SRCCs.</param>
public sealed record PredictorChoice(string Model, double NetworkSrcc, double RidgeSrcc, string Reason)
{
    /// <summary>Margin in SRCC by which the network must beat ridge regression to be chosen.</summary>
    public const double RequiredMargin = 0.02;

    /// <summary>Chooses the network if it beats the best ridge model by <see cref="RequiredMargin"/>, else ridge
    /// regression.</summary>
    public static PredictorChoice Between(IReadOnlyList<ModelScores> models)
    {
        ArgumentNullException.ThrowIfNull(models);
        double network = models.FirstOrDefault(scores => scores.Model == ModelNames.Network)?.Srcc.Mean ?? double.NaN;
        double ridge = models
            .Where(scores => scores.Model is ModelNames.Ridge or ModelNames.RidgeTrends or ModelNames.RidgePairs)
            .Select(scores => scores.Srcc.Mean)
            .DefaultIfEmpty(double.NaN)
            .Max();
        if (double.IsNaN(network))
            return new PredictorChoice(
                ModelNames.Ridge,
                network,
                ridge,
                $"Ridge regression decides: no network was trained (held-out SRCC {ridge:F3})."
            );
        bool wins = double.IsNaN(ridge) || network >= ridge + RequiredMargin;
        return new PredictorChoice(
            wins ? ModelNames.Network : ModelNames.Ridge,
            network,
            ridge,
            wins
                ? $"The network decides: its held-out SRCC {network:F3} beats ridge regression's {ridge:F3} by {RequiredMargin:F2} or more."
                : $"Ridge regression decides: the network's held-out SRCC {network:F3} does not beat its {ridge:F3} by {RequiredMargin:F2}."
        );
    }
}
