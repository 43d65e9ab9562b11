using Qua2SeDiMo.Predictors;
using Qua2SeDiMo.Sensitivity;

namespace Qua2SeDiMo.Stages;

/// <summary>Plain sentences about sensitivities, made from the numbers and never beyond them.</summary>
internal static class SensitivityWords
{
    private const int Named = 3;

    internal static IReadOnlyList<string> Of(SensitivityRecord record)
    {
        SensitivityResult scores = record.By(record.Decides);
        string source = scores.Model == ModelNames.Network ? "the network" : "ridge regression on the trials";
        string unit = scores.Model == ModelNames.Network ? "standard deviations of the network's node norms" : $"units of {record.Objective}";
        WeightScores[] ranked = [.. scores.Weights.OrderByDescending(weight => weight.BitDrop)];
        var sentences = new List<string>
        {
            $"By {source}, going from 4 to 3 bits costs most in {List(ranked.Take(Named))}, in {unit}; least in {List(ranked.TakeLast(Named).Reverse())}.",
        };
        (string Type, double Mean)[] types =
        [
            .. record.Weights.Zip(scores.Weights).GroupBy(pair => pair.First.LayerType)
                .Select(group => (group.Key, group.Average(pair => pair.Second.BitDrop))).OrderByDescending(pair => pair.Item2),
        ];
        if (types.Length > 1) sentences.Add($"By operator type it costs most in {types[0].Type} (mean {types[0].Mean:0.####}) and least in {types[^1].Type} ({types[^1].Mean:0.####}).");
        int clear = ranked.Count(weight => weight.BitDrop > 2 * weight.BitDropDeviation);
        sentences.Add($"For {clear} of {ranked.Length} weights that cost exceeds twice its standard deviation; for the others these trials do not settle it.");
        if (ranked.Length > 1)
        {
            int first = IndexOf(scores, ranked[0]), second = IndexOf(scores, ranked[1]);
            sentences.Add($"{ranked[0].Name} is more sensitive than {ranked[1].Name} with probability {scores.ProbabilityMoreSensitive(first, second):0.00}.");
        }
        if (scores.ErrorAgreement is { } error) sentences.Add($"The order of weights agrees with that by weight error with a Kendall τ of {error:0.00}.");
        if (record.Network?.SampleAgreement is { } folds) sentences.Add($"The folds of the network agree on the order of weights with a mean Kendall τ of {folds:0.00}.");
        if (record.ModelAgreement is { } models) sentences.Add($"Network and ridge regression agree on it with a Kendall τ of {models:0.00}.");
        return sentences;
    }

    private static int IndexOf(SensitivityResult scores, WeightScores weight) => scores.Weights.TakeWhile(other => other != weight).Count();

    private static string List(IEnumerable<WeightScores> weights) =>
        string.Join(", ", weights.Select(weight => $"{weight.Name} ({weight.BitDrop:0.####} ± {weight.BitDropDeviation:0.####})"));
}
