using Qua2SeDiMo.Predictors.Evaluation;

namespace Qua2SeDiMo.Reports.Words;

/// <summary>Names and figures of fitted models as a report displays them.</summary>
internal static class PredictorWords
{
    /// <summary>Display name of a model.</summary>
    public static string Label(this ModelScores scores) => ModelLabels.Of(scores.Model);

    /// <summary>The mean over folds; null if it is undefined.</summary>
    public static double? Defined(this FoldSummary summary) => double.IsFinite(summary.Mean) ? summary.Mean : null;

    /// <summary>The values of a figure in the folds in which it is defined.</summary>
    public static IReadOnlyList<double> Defined(this ModelScores scores, Func<FoldMetrics, double> figure) =>
        [.. scores.Folds.Select(figure).Where(double.IsFinite)];

    /// <summary>Trials with their predictions by the model of the fold that held them out; trials without one are left
    /// out.</summary>
    public static IReadOnlyList<HeldOutTrial> Predicted(this ModelScores scores, IReadOnlyList<TrialData> trials) =>
        [
            .. trials
                .Zip(scores.HeldOut, (trial, predicted) => new HeldOutTrial(trial, predicted))
                .Where(trial => double.IsFinite(trial.Predicted)),
        ];

    /// <summary>Sentence on which model makes the plans, and why.</summary>
    public static string Deciding(ReportData report, FitResult fit)
    {
        ModelScores? deciding = fit.Find(report.DecidingModel);
        string reason = report.Plan?.Reason ?? fit.Choice.Reason;
        return deciding is null ? reason : $"{deciding.Label()} decides the plans: {reason}";
    }
}

/// <summary>A held-out trial with its prediction.</summary>
/// <param name="Trial">The trial.</param>
/// <param name="Predicted">Predicted objective, in the unit of the measured one.</param>
internal sealed record HeldOutTrial(TrialData Trial, double Predicted);
