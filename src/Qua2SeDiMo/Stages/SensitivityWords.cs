namespace Qua2SeDiMo.Stages;

/// <summary>Plain sentences about sensitivities, made from the numbers and never beyond them.</summary>
internal static class SensitivityWords
{
    private const int Named = 3;

    internal static IReadOnlyList<string> Of(string objective, IReadOnlyList<WeightSensitivity> weights, double? foldAgreement, double? ridgeAgreement)
    {
        WeightSensitivity[] ranked = [.. weights.OrderByDescending(weight => weight.RidgeRange)];
        var sentences = new List<string>
        {
            $"By ridge regression on the trials, the choice of option matters most for {List(ranked.Take(Named))} "
                + $"(range of the six scores in units of {objective}), and least for {List(ranked.TakeLast(Named).Reverse())}.",
        };
        (string Type, double Mean)[] types =
        [
            .. weights.GroupBy(weight => weight.LayerType).Select(group => (group.Key, group.Average(weight => weight.RidgeRange))).OrderByDescending(pair => pair.Item2),
        ];
        if (types.Length > 1) sentences.Add($"Among operator types, {types[0].Type} has the widest mean range ({types[0].Mean:0.###}) and {types[^1].Type} the narrowest ({types[^1].Mean:0.###}).");
        int unclear = ranked.Count(weight => weight.RidgeRange < 2 * weight.Ridge.Max(score => score.Deviation));
        sentences.Add($"For {unclear} of {weights.Count} weights the range is below twice its bootstrap spread: these trials do not tell their options apart.");
        if (foldAgreement is { } folds) sentences.Add($"The folds of the network agree on which weights are sensitive with a mean Kendall τ of {folds:0.00}.");
        if (ridgeAgreement is { } ridge) sentences.Add($"Network and ridge regression agree on the scores with a Kendall τ of {ridge:0.00}.");
        return sentences;
    }

    private static string List(IEnumerable<WeightSensitivity> weights) =>
        string.Join(", ", weights.Select(weight => $"{weight.Name} ({weight.RidgeRange:0.###} ± {weight.Ridge.Max(score => score.Deviation):0.###})"));
}
