using Qua2SeDiMo.Kernels.Codes;
using Qua2SeDiMo.Numerics;

namespace Qua2SeDiMo.Measurement;

/// <summary>How one order of things agrees with that of probes.</summary>
/// <param name="KendallTau">Kendall's τ-b over all of them; null where either side is constant.</param>
/// <param name="KendallTauAboveError">The same among those whose measured loss exceeds twice its standard error; null
/// where no errors are known.</param>
/// <param name="Spearman">Spearman's rank correlation over all of them.</param>
/// <param name="Count">How many were compared.</param>
/// <param name="CountAboveError">How many exceed twice their error; null where no errors are known.</param>
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

/// <summary>How sensitivities agree with probes.</summary>
/// <param name="Costs">By what three bits cost against four, mean over the methods that the probes have at
/// both.</param>
/// <param name="Options">Over all options of all weights together.</param>
internal sealed record ProbeAgreement(RankAgreement Costs, RankAgreement Options)
{
    /// <summary>Compares.</summary>
    /// <param name="probes">The truth.</param>
    /// <param name="weights">Whole weights of this model.</param>
    /// <param name="damage">What an option of a weight does, larger is worse; null where that is not known.</param>
    /// <exception cref="MeasurementException">The probes are of other weights.</exception>
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
        // Methods were probed on the same images, so that their errors go together.
        double? mean = methods.All(method => method.Error is not null)
            ? methods.Average(method => method.Error!.Value)
            : null;
        return (methods.Average(method => method.Expected), mean, methods.Average(method => method.Actual));
    }

    // The base is compared with itself.
    private static double? Error(MeasuredProbes probes, string weight, QuantizerSpec option) =>
        option == probes.Base ? 0
        : probes.Errors.TryGetValue(weight, out var row) && row.TryGetValue(option, out double error) ? error
        : null;
}
