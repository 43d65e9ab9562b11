using MathNet.Numerics.Statistics;

namespace Qua2SeDiMo.Predictors.Evaluation;

/// <summary>Sentences that state the result of a fit, derived from its numbers only.</summary>
internal static class FitWords
{
    internal static IReadOnlyList<string> Of(FitResult result)
    {
        var sentences = new List<string>();
        if (Ranking("By SRCC", result.Models, scores => scores.Srcc, fold => fold.Srcc) is { } plain)
            sentences.Add(plain);
        if (
            Ranking(
                "At equal size (partial SRCC given average bits)",
                result.Models,
                scores => scores.PartialSrcc,
                fold => fold.PartialSrcc
            ) is
            { } partial
        )
            sentences.Add(partial);
        sentences.Add(result.Choice.Reason);
        return sentences;
    }

    private static string? Ranking(
        string measure,
        IReadOnlyList<ModelScores> models,
        Func<ModelScores, FoldSummary> summary,
        Func<FoldMetrics, double> perFold
    )
    {
        ModelScores[] ranked =
        [
            .. models
                .Where(scores => !double.IsNaN(summary(scores).Mean))
                .OrderByDescending(scores => summary(scores).Mean),
        ];
        if (ranked.Length < 2)
            return null;
        (ModelScores first, ModelScores second) = (ranked[0], ranked[1]);
        double[] differences =
        [
            .. first.Folds.Zip(second.Folds, (a, b) => perFold(a) - perFold(b)).Where(double.IsFinite),
        ];
        string lead =
            $"{measure}, {ModelLabels.Of(first.Model)} ranks held-out trials best ({summary(first).Mean:0.000}), "
            + $"next is {ModelLabels.Of(second.Model)} ({summary(second).Mean:0.000})";
        return lead + Lead(differences);
    }

    /// <summary>Describes a lead by the paired differences over folds. Folds share training trials, so this is no
    /// significance test.</summary>
    internal static string Lead(double[] differences)
    {
        if (differences.Length < 2)
            return ".";
        double mean = differences.Average(),
            deviation = differences.StandardDeviation();
        int ahead = differences.Count(difference => difference > 0);
        return mean > 2 * deviation / Math.Sqrt(differences.Length)
            ? $": ahead in {ahead} of {differences.Length} folds, by {mean:0.000} ± {deviation:0.000}."
            : $": ahead in {ahead} of {differences.Length} folds, by {mean:0.000} ± {deviation:0.000}, too little "
                + "for these folds to tell the two apart.";
    }
}
