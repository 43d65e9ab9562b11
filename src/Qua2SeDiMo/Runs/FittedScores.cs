using Qua2SeDiMo.Predictors;
using Qua2SeDiMo.Predictors.Baselines;
using Qua2SeDiMo.Predictors.Evaluation;
using Qua2SeDiMo.Predictors.Import;
using Qua2SeDiMo.Predictors.Training;
using Qua2SeDiMo.Sensitivity;

namespace Qua2SeDiMo.Runs;

/// <summary>The fitted models of a run and the scores that were computed from them.</summary>
internal sealed class FittedScores : IDisposable
{
    private readonly LabelledStudy study;

    private FittedScores(RunDirectory run, LabelledStudy study)
    {
        this.study = study;
        Fit = FittedFiles.Main(run);
        Fit.RequireOf(study.Origin, run);
        Sensitivity = Explanation(run, study, Fit);
        // If there are fits with several losses, plans use the networks that the explanation was made from.
        if (Sensitivity.Loss is { } loss)
            Fit = FittedFiles.Main(run, Enum.Parse<PredictorLoss>(loss, ignoreCase: true));
        Ridge = PredictorFile.Ridge(run, Fit, study.Training);
        Folds = Sensitivity.Loss is null ? [] : PredictorFile.Read(run, Fit);
    }

    /// <summary>The fit whose models are used.</summary>
    public Fit Fit { get; }

    /// <summary>The stored explanation: scores of single weights and of units.</summary>
    public SensitivityRecord Sensitivity { get; }

    /// <summary>The networks of the folds; empty when none were trained.</summary>
    public IReadOnlyList<Predictor> Folds { get; }

    /// <summary>Ridge regression with trends, fitted to all trials.</summary>
    public RidgeModel Ridge { get; }

    /// <summary>Reads the fit and the explanation of these trials.</summary>
    /// <exception cref="Q2Exception">A file is missing, damaged, or was made from other trials.</exception>
    public static FittedScores Read(RunDirectory run, LabelledStudy study)
    {
        ArgumentNullException.ThrowIfNull(run);
        ArgumentNullException.ThrowIfNull(study);
        return new FittedScores(run, study);
    }

    /// <summary>Reads the explanation of a run and checks that it was made from these trials and this fit.</summary>
    /// <exception cref="Q2Exception">There is no explanation, or it was made from other trials or another
    /// fit.</exception>
    public static SensitivityRecord Explanation(RunDirectory run, LabelledStudy study, Fit fit)
    {
        SensitivityRecord record = RunFile.Read<SensitivityRecord>(run.Sensitivity, Remedy.Explain);
        string? what =
            record.TrainedOn?.Fingerprint != study.Origin.Fingerprint
                ? "the explanation is of other trials than there are now"
            : !record.Fits.Contains(fit.Identity) ? "the explanation is of another fit than there is now"
            : null;
        return what is null ? record : throw RunIdentityException.Stale(run.Sensitivity, what, Remedy.Explain);
    }

    /// <summary>Predicted labels of allocations.</summary>
    /// <param name="family">A name of <see cref="ModelNames"/>: the network (mean over folds), ridge regression, or
    /// otherwise the mean of both. Without networks, ridge regression predicts alone.</param>
    /// <param name="allocations">Option of every weight, per allocation.</param>
    public double[] Predict(string family, IReadOnlyList<int>[] allocations)
    {
        double[] byRidge = [.. allocations.Select(Ridge.Predict)];
        if (family == ModelNames.Ridge || Folds.Count == 0)
            return byRidge;
        double[] byNetwork = new double[allocations.Length];
        foreach (Predictor fold in Folds)
        {
            IReadOnlyList<double> own = fold.Predict(
                study.Training.Topology,
                study.Training.Features,
                allocations
            ).Predictions;
            for (int i = 0; i < byNetwork.Length; i++)
                byNetwork[i] += own[i] / Folds.Count;
        }
        return family == ModelNames.Network ? byNetwork : [.. byRidge.Zip(byNetwork, (a, b) => (a + b) / 2)];
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (Predictor fold in Folds)
            fold.Dispose();
    }
}
