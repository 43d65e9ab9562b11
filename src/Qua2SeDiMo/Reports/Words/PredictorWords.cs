using Qua2SeDiMo.Predictors.Evaluation;

namespace Qua2SeDiMo.Reports.Words;

/// <summary>Figures of a fit as a report shows them.</summary>
internal static class PredictorWords
{
    /// <summary>Name on the page.</summary>
    public static string Label(this ModelScores scores) => ModelLabels.Of(scores.Model);

    /// <summary>The mean over folds; null where no fold defines it.</summary>
    public static double? Defined(this FoldSummary summary) => double.IsFinite(summary.Mean) ? summary.Mean : null;

    /// <summary>A figure of each fold that defines it.</summary>
    public static IReadOnlyList<double> Defined(this ModelScores scores, Func<FoldMetrics, double> figure) =>
        [.. scores.Folds.Select(figure).Where(double.IsFinite)];

    /// <summary>Trials as predicted by the fold that did not see them.</summary>
    public static IReadOnlyList<HeldOutTrial> Predicted(this ModelScores scores, IReadOnlyList<TrialData> trials) =>
        [
            .. trials
                .Zip(scores.HeldOut, (trial, predicted) => new HeldOutTrial(trial, predicted))
                .Where(trial => double.IsFinite(trial.Predicted)),
        ];

    /// <summary>Which model decides, and what the held-out figures say about that.</summary>
    public static string Deciding(ReportData report, FitResult fit)
    {
        ModelScores? deciding = fit.Find(report.DecidingModel);
        string reason = report.Plan?.Reason ?? fit.Choice.Reason;
        return deciding is null ? reason : $"{deciding.Label()} decides the plans: {reason}";
    }
}

/// <summary>A held-out trial.</summary>
/// <param name="Trial">The trial.</param>
/// <param name="Predicted">Its objective as predicted, in the unit of the measured one.</param>
internal sealed record HeldOutTrial(TrialData Trial, double Predicted);
