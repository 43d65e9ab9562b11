using System.Globalization;
using Qua2SeDiMo.Numerics;

namespace Qua2SeDiMo.Measurement;

/// <summary>Sentences that state a measurement, as far as its errors support them.</summary>
internal static class MeasuredWords
{
    private const int Named = 3;

    /// <summary>Sentences on what costs most, and on the change of the order from the first step to the last.</summary>
    public static IReadOnlyList<string> Of(MeasuredSensitivity found)
    {
        ArgumentNullException.ThrowIfNull(found);
        MeasuredWeight[] byCost = [.. found.Weights.OrderByDescending(weight => weight.Cost)];
        MeasuredWeight[] first = [.. byCost.Where(weight => weight.Place == 1)];
        var words = new List<string>();
        if (found.Images > 1 && first.Length <= Named)
        {
            words.Add(
                $"Three bits cost most in {Listed(first.Select(weight => weight.Position.Name))}: no other weight "
                    + "comes within twice the error."
            );
        }
        else if (found.Images > 1)
        {
            words.Add(
                $"{first.Length} weights cost most and do not differ by more than their errors; more images or cotangents tell them apart."
            );
        }
        if (found.Steps.Count > 1)
            words.AddRange(OfSteps(found));
        if (found.Activations is { } activations)
            words.AddRange(OfActivations(activations));
        return words;
    }

    private static IEnumerable<string> OfActivations(MeasuredActivations found)
    {
        string together = string.Join(
            ", ",
            found.Everywhere.Select(rounding =>
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{rounding.Size:0.0###}{(rounding.SizeError is { } error ? $" ± {error:0.0###}" : "")} at {rounding.Bits} bits"
                )
            )
        );
        if (found.WeightSize is not { } weights)
        {
            yield return $"Rounding the inputs of all layers changes the images by {together}.";
            yield break;
        }
        yield return string.Create(
            CultureInfo.InvariantCulture,
            $"Rounding the inputs of all layers changes the images by {together}; all weights at four bits change them by {weights:0.0###}."
        );
        IEnumerable<string> tolerant = found.Bits.Select(bits =>
            $"{found.Inputs.Count(input => input.ToleratedBits <= bits)} take inputs of {bits} bits"
        );
        yield return $"Of {found.Inputs.Count} layers {string.Join(", ", tolerant)} with no more change than four bits of "
            + "their own weights make.";
    }

    // Compares the first step with the last: early steps determine the layout of an image, late ones its detail.
    private static IEnumerable<string> OfSteps(MeasuredSensitivity found)
    {
        double[] early = Ranks(found, 0),
            late = Ranks(found, found.Steps.Count - 1);
        double tau = RankStatistics.KendallTauB(early, late);
        if (!double.IsFinite(tau))
            yield break;
        yield return string.Create(
            CultureInfo.InvariantCulture,
            $"The order of weights at step {found.Steps[0] + 1} agrees with that at step "
                + $"{found.Steps[^1] + 1} with a Kendall τ of {tau:0.00}."
        );
        int[] movers =
        [
            .. Enumerable
                .Range(0, early.Length)
                .OrderByDescending(weight => Math.Abs(early[weight] - late[weight]))
                .Take(Named),
        ];
        string[] moved =
        [
            .. movers
                .Where(weight => early[weight] != late[weight])
                .Select(weight =>
                    string.Create(
                        CultureInfo.InvariantCulture,
                        $"{found.Weights[weight].Position.Name} (from place {early[weight]:0} to {late[weight]:0})"
                    )
                ),
        ];
        if (moved.Length > 0)
            yield return $"Between these steps the place changes most of {Listed(moved)}.";
    }

    // Ranks by cost at a step; 1 for the largest cost.
    private static double[] Ranks(MeasuredSensitivity found, int step) =>
        RankStatistics.AverageRanks([.. found.Weights.Select(weight => -weight.StepCosts[step])]);

    private static string Listed(IEnumerable<string> names)
    {
        string[] all = [.. names];
        return all.Length == 1 ? all[0] : $"{string.Join(", ", all[..^1])} and {all[^1]}";
    }
}
