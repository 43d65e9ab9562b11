using Qua2SeDiMo.Kernels.Codes;
using Qua2SeDiMo.Numerics;

namespace Qua2SeDiMo.Measurement;

/// <summary>Agreement of an order with the order by probes.</summary>
/// <param name="KendallTau">Kendall's τ-b over all items; null if either side is constant.</param>
/// <param name="KendallTauAboveError">Kendall's τ-b over items whose measured loss exceeds twice its standard error;
/// null if no errors are known.</param>
/// <param name="Spearman">Spearman's rank correlation over all items; null if either side is constant.</param>
/// <param name="Count">Number of items.</param>
/// <param name="CountAboveError">Number of items above twice their error; null if no errors are known.</param>
internal sealed record RankAgreement(
    double? KendallTau,
    double? KendallTauAboveError,
    double? Spearman,
    int Count,
    int? CountAboveError
)
{
    internal static RankAgreement Of(IReadOnlyList<(double Expected, double? Error, double Actual)> rows)
    {
        (double Expected, double? Error, double Actual)[] above =
        [
            .. rows.Where(row => row.Error is { } error && row.Expected > Estimate.Certain * error),
        ];
        bool isKnown = rows.Any(row => row.Error is not null);
        return new RankAgreement(
            Tau(rows),
            isKnown ? Tau(above) : null,
            Defined(RankStatistics.Spearman(Expected(rows), Actual(rows))),
            rows.Count,
            isKnown ? above.Length : null
        );
    }

    private static double? Tau(IReadOnlyList<(double Expected, double? Error, double Actual)> rows) =>
        Defined(RankStatistics.KendallTauB(Expected(rows), Actual(rows)));

    private static double[] Expected(IReadOnlyList<(double Expected, double? Error, double Actual)> rows) =>
        [.. rows.Select(row => row.Expected)];

    private static double[] Actual(IReadOnlyList<(double Expected, double? Error, double Actual)> rows) =>
        [.. rows.Select(row => row.Actual)];

    private static double? Defined(double value) => double.IsFinite(value) ? value : null;
}

/// <summary>Agreement of sensitivities with probes.</summary>
/// <param name="Costs">Over weights, by the cost of 3 instead of 4 bits: mean over the methods that were probed with
/// both.</param>
/// <param name="Options">Over all options of all weights together, the base option excepted.</param>
internal sealed record ProbeAgreement(RankAgreement Costs, RankAgreement Options)
{
    /// <summary>Compares sensitivities with probes.</summary>
    /// <param name="probes">The probes, taken as truth.</param>
    /// <param name="weights">Names of the model's whole weights.</param>
    /// <param name="damage">Sensitivity by weight and option, larger is worse; null if unknown.</param>
    /// <exception cref="MeasurementException">The probes name a weight that the model does not have.</exception>
    public static ProbeAgreement Of(
        MeasuredProbes probes,
        IReadOnlyCollection<string> weights,
        Func<string, QuantizerSpec, double?> damage
    )
    {
        if (probes.Losses.Keys.FirstOrDefault(name => !weights.Contains(name)) is { } unknown)
        {
            throw new MeasurementException(
                $"{probes.Source}: probes '{unknown}', which is no weight of this model. Its {weights.Count} weights are named "
                    + $"like '{weights.First()}'. Is the file for another model?"
            )
            {
                Remedy = Remedy.Inspect,
            };
        }
        var costs = new List<(double, double?, double)>();
        var options = new List<(double, double?, double)>();
        foreach ((string weight, IReadOnlyDictionary<QuantizerSpec, double> losses) in probes.Losses)
        {
            foreach ((QuantizerSpec option, double loss) in losses)
            {
                if (option != probes.Base && damage(weight, option) is { } own)
                    options.Add((loss, Error(probes, weight, option), own));
            }
            if (Cost(probes, weight, losses, damage) is { } cost)
                costs.Add(cost);
        }
        return new ProbeAgreement(RankAgreement.Of(costs), RankAgreement.Of(options));
    }

    private static (double, double?, double)? Cost(
        MeasuredProbes probes,
        string weight,
        IReadOnlyDictionary<QuantizerSpec, double> losses,
        Func<string, QuantizerSpec, double?> damage
    )
    {
        var methods = new List<(double Expected, double? Error, double Actual)>();
        foreach (QuantizerMethod method in losses.Keys.Select(option => option.Method).Distinct())
        {
            QuantizerSpec fewer = new(method, CostTable.Fewer),
                more = new(method, CostTable.More);
            if (!losses.TryGetValue(fewer, out double high) || !losses.TryGetValue(more, out double low))
                continue;
            if (damage(weight, fewer) is not { } atFewer || damage(weight, more) is not { } atMore)
                continue;
            double? error =
                Error(probes, weight, fewer) is { } a && Error(probes, weight, more) is { } b
                    ? Math.Sqrt((a * a) + (b * b))
                    : null;
            methods.Add((high - low, error, atFewer - atMore));
        }
        if (methods.Count == 0)
            return null;
        // Errors are averaged as if fully correlated, because all methods were probed on the same images.
        double? mean = methods.All(method => method.Error is not null)
            ? methods.Average(method => method.Error!.Value)
            : null;
        return (methods.Average(method => method.Expected), mean, methods.Average(method => method.Actual));
    }

    // The error of the base option is 0, because losses are relative to it.
    private static double? Error(MeasuredProbes probes, string weight, QuantizerSpec option) =>
        option == probes.Base ? 0
        : probes.Errors.TryGetValue(weight, out var row) && row.TryGetValue(option, out double error) ? error
        : null;
}
