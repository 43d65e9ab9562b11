using Qua2SeDiMo.Predictors;
using Qua2SeDiMo.Predictors.Baselines;
using Qua2SeDiMo.Predictors.Evaluation;
using Qua2SeDiMo.Predictors.Import;
using Qua2SeDiMo.Predictors.Training;
using Qua2SeDiMo.Sensitivity;

namespace Qua2SeDiMo.Runs;

/// <summary>The fitted models of a run and the scores that were read from them.</summary>
internal sealed class FittedScores : IDisposable
{
    private readonly LabelledStudy study;

    private FittedScores(RunDirectory run, LabelledStudy study)
    {
        this.study = study;
        Fit = FittedFiles.Main(run);
        Fit.RequireOf(study.Origin, run);
        Sensitivity = Explanation(run, study, Fit);
        // Of several losses, plans follow the networks that were explained.
        if (Sensitivity.Loss is { } loss)
            Fit = FittedFiles.Main(run, Enum.Parse<PredictorLoss>(loss, ignoreCase: true));
        Ridge = PredictorFile.Ridge(run, Fit, study.Training);
        Folds = Sensitivity.Loss is null ? [] : PredictorFile.Read(run, Fit);
    }

    /// <summary>The fit.</summary>
    public Fit Fit { get; }

    /// <summary>Scores of single weights.</summary>
    public SensitivityRecord Sensitivity { get; }

    /// <summary>Networks; none where none were trained.</summary>
    public IReadOnlyList<Predictor> Folds { get; }

    /// <summary>Ridge regression with trends on all trials.</summary>
    public RidgeModel Ridge { get; }

    /// <summary>Reads fit and explanation of these trials.</summary>
    /// <exception cref="Q2Exception">One is missing, damaged, or of other trials.</exception>
    public static FittedScores Read(RunDirectory run, LabelledStudy study)
    {
        ArgumentNullException.ThrowIfNull(run);
        ArgumentNullException.ThrowIfNull(study);
        return new FittedScores(run, study);
    }

    /// <summary>The explanation of a run, which must be of these trials and this fit.</summary>
    /// <exception cref="Q2Exception">There is none, or it is of others.</exception>
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

    /// <summary>Labels that a model predicts for allocations.</summary>
    /// <param name="family">A model of <see cref="ModelNames"/>; ridge regression stands in for a missing
    /// network.</param>
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
