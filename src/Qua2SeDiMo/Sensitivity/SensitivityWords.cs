using Qua2SeDiMo.Predictors.Evaluation;

namespace Qua2SeDiMo.Sensitivity;

/// <summary>Sentences that state sensitivities, derived from the numbers only. They say so where resampling leaves a
/// question open.</summary>
internal static class SensitivityWords
{
    private const int Named = 3;
    private const double Settled = 0.975;
    private const double Likely = 0.9;
    private const double FewTrials = 0.02;

    internal static IReadOnlyList<string> Of(SensitivityRecord record)
    {
        SensitivityResult scores = record.By(record.Decides);
        bool isNetwork = scores.Model == ModelNames.Network;
        string source = isNetwork
            ? $"the network{(record.Loss is { } loss ? $" ({loss})" : "")}"
            : "ridge regression on the trials";
        string unit = isNetwork ? "standard deviations of the network's node norms" : $"units of {record.Objective}";
        WeightScores[] ranked = [.. scores.Weights.OrderByDescending(weight => weight.FewerBitsCost)];
        var sentences = new List<string>
        {
            $"By {source}, going from 4 to 3 bits costs most in {List(ranked.Take(Named))}, in {unit}; least in "
                + $"{List(ranked.TakeLast(Named).Reverse())}.",
        };
        AddTypes(record, scores, sentences);
        int clear = ranked.Count(weight => weight.FewerBitsCost > 2 * weight.FewerBitsDeviation);
        sentences.Add(
            $"For {clear} of {ranked.Length} weights that cost exceeds twice its standard "
                + $"deviation{(clear < ranked.Length ? "; for the others these trials do not settle it" : "")}."
        );
        foreach (
            SensitivityComparison comparison in record.Comparisons.Where(comparison => comparison.Model == scores.Model)
        )
            sentences.Add(Compare(comparison));
        if (record.Comparisons.Count == 0 && ranked.Length > 1)
        {
            double probability = scores.ProbabilityMoreSensitive(
                IndexOf(scores, ranked[0]),
                IndexOf(scores, ranked[1])
            );
            sentences.Add(
                $"{ranked[0].Name} is more sensitive than {ranked[1].Name} with probability {probability:0.00}{Hedge(probability)}."
            );
        }
        AddOptions(scores, sentences);
        AddAgreement(record, scores, sentences);
        foreach (ClaimSupport claim in record.Claims)
            sentences.Add(Support(claim));
        return sentences;
    }

    /// <summary>A sentence that answers whether A is more sensitive than B.</summary>
    internal static string Compare(SensitivityComparison comparison)
    {
        string costs =
            $"{comparison.First.Name} ({Number(comparison.FirstDrop)}) against {comparison.Second.Name} ({Number(comparison.SecondDrop)})";
        if (comparison.Spreads.Count == 0)
            return $"{costs}: nothing was resampled, so no probability can be given.";
        string[] answers =
        [
            .. comparison.Spreads.Select(spread =>
                $"{spread.Probability:0.00} over {spread.SampleCount} "
                + $"{(spread.Kind == ScoreSpread.Folds ? "folds" : "resamples of trials")} (difference "
                + $"{Number(spread.Difference)}, 95 % between {Number(spread.Low)} and {Number(spread.High)})"
            ),
        ];
        double weakest = comparison.Spreads.Min(spread => Math.Max(spread.Probability, 1 - spread.Probability));
        bool contradict =
            comparison.Spreads.Any(spread => spread.Probability > 0.5)
            && comparison.Spreads.Any(spread => spread.Probability < 0.5);
        return $"That 4 to 3 bits costs more in {costs} has probability "
            + $"{string.Join(", and ", answers)}{(contradict ? ": the two ways of resampling disagree" : Hedge(weakest))}.";
    }

    private static string Hedge(double probability) =>
        Math.Max(probability, 1 - probability) switch
        {
            >= Settled => "",
            >= Likely => ": likely, not settled",
            _ => ": these trials do not settle which of the two is",
        };

    private static void AddTypes(SensitivityRecord record, SensitivityResult scores, List<string> sentences)
    {
        (string Type, double Mean)[] types =
        [
            .. record
                .Weights.Zip(scores.Weights)
                .GroupBy(pair => pair.First.LayerType)
                .Select(group => (group.Key, group.Average(pair => pair.Second.FewerBitsCost)))
                .OrderByDescending(pair => pair.Item2),
        ];
        if (types.Length > 1)
            sentences.Add(
                $"By operator type it costs most in {types[0].Type} (mean {Number(types[0].Mean)}) and least in "
                    + $"{types[^1].Type} ({Number(types[^1].Mean)})."
            );
    }

    private static void AddOptions(SensitivityResult scores, List<string> sentences)
    {
        (string Option, int Count) = scores
            .Options.Select((option, o) => (option, scores.Weights.Count(weight => weight.BestOption == o)))
            .MaxBy(pair => pair.Item2);
        sentences.Add($"Size aside, {Option} has the highest score for {Count} of {scores.Weights.Count} weights.");
    }

    private static void AddAgreement(SensitivityRecord record, SensitivityResult scores, List<string> sentences)
    {
        if (scores.ErrorAgreement is { } error)
            sentences.Add(
                $"The order of weights agrees with that by weight error with a Kendall τ of {error:0.00} (1: the same order, 0: unrelated)."
            );
        if (record.Network?.SampleAgreement is { } folds)
            sentences.Add(
                $"The folds of the network agree on the order of weights with a mean Kendall τ of {folds:0.00}{Weak(folds)}."
            );
        if (record.Ridge.SampleAgreement is { } resamples)
            sentences.Add(
                $"Resampled trials agree on it for ridge regression with a mean τ of {resamples:0.00}{Weak(resamples)}."
            );
        if (record.ModelAgreement is { } models)
            sentences.Add($"Network and ridge regression agree on it with a Kendall τ of {models:0.00}{Weak(models)}.");
    }

    private static string Weak(double tau) => tau < 0.2 ? ": hardly at all" : "";

    private static string Support(ClaimSupport claim)
    {
        string holds =
            claim.Value > 0 ? "holds"
            : claim.Value < 0 ? "does not hold"
            : "is a draw";
        string rest = claim.TrialsToFlip switch
        {
            null => $"leaving out up to half of the {claim.TrialCount} trials one by one would not turn that around",
            0 => "it is on the edge",
            int count => $"leaving out {count} of {claim.TrialCount} trials would turn that "
                + $"around{(count <= FewTrials * claim.TrialCount ? ", so it rests on few" : "")}",
        };
        string images =
            claim.ImageCount == 0
                ? ""
                : $" By single images it holds for {claim.ImagesInFavour} of {claim.ImageCount}.";
        string named =
            claim.Supporting.Count == 0
                ? ""
                : $" Trials that speak most for it: {string.Join(", ", claim.Supporting.Take(Named).Select(trial => trial.Name))}.";
        return $"By ridge regression, \"{claim.Claim}\" {holds} ({Number(claim.Value)}); by an estimate from single "
            + $"influences, {rest}.{named}{images}";
    }

    private static int IndexOf(SensitivityResult scores, WeightScores weight) =>
        scores.Weights.TakeWhile(other => other != weight).Count();

    private static string List(IEnumerable<WeightScores> weights) =>
        string.Join(
            ", ",
            weights.Select(weight =>
                $"{weight.Name} ({Number(weight.FewerBitsCost)} ± {Number(weight.FewerBitsDeviation)})"
            )
        );

    private static string Number(double value) =>
        Math.Abs(value) >= 100 ? $"{value:0}"
        : Math.Abs(value) >= 1 ? $"{value:0.00}"
        : $"{value:0.####}";
}
