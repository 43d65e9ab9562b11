using Qua2SeDiMo.Graphs.Ir;
using Qua2SeDiMo.Kernels.Codes;
using Qua2SeDiMo.Measurement.Methods;
using Qua2SeDiMo.Sensitivity;

namespace Qua2SeDiMo.Measurement.Mixtures;

/// <summary>Agreement of one source of sensitivities with probes.</summary>
/// <param name="Source">Name of the source: <c>measurement</c>, <c>network</c> or <c>ridge</c>.</param>
/// <param name="Agreement">Its agreement.</param>
internal sealed record SourceAgreement(string Source, ProbeAgreement Agreement);

/// <summary>Compares the sensitivities of a run with measured probes.</summary>
internal static class MeasuredAgreement
{
    /// <summary>Name of the measurement as a source.</summary>
    public const string Measurement = "measurement";

    /// <summary>Compares every source of a run with probes; the measurement comes first.</summary>
    /// <param name="probes">The probes, taken as truth.</param>
    /// <param name="weightNames">Names of the model's weights.</param>
    /// <param name="measured">The measurement of the run; null if there is none.</param>
    /// <param name="record">The explanation by fitted models; null if there is none.</param>
    /// <exception cref="MeasurementException">The probes name a weight that the model does not have.</exception>
    public static IReadOnlyList<SourceAgreement> Of(
        MeasuredProbes probes,
        IReadOnlyList<string> weightNames,
        MeasuredModel? measured,
        SensitivityRecord? record
    )
    {
        ArgumentNullException.ThrowIfNull(probes);
        ArgumentNullException.ThrowIfNull(weightNames);
        string[] weights = [.. weightNames.Select(QuantizableWeight.WholeOf).Distinct()];
        var sources = new List<SourceAgreement>();
        if (measured is not null)
            sources.Add(
                new SourceAgreement(Measurement, ProbeAgreement.Of(probes, weights, Norms(measured.WholeWeights)))
            );
        if (record is null)
            return sources;
        SensitivityResult[] results = record.Network is { } network ? [network, record.Ridge] : [record.Ridge];
        foreach (SensitivityResult result in results)
        {
            sources.Add(new SourceAgreement(result.Model, ProbeAgreement.Of(probes, weights, Scores(result))));
        }
        return sources;
    }

    // Roots of damages, because images saturate and means of squares would be dominated by a few images.
    private static Func<string, QuantizerSpec, double?> Norms(Effects effects)
    {
        Dictionary<string, int> weights = Places(effects.Weights);
        Dictionary<QuantizerSpec, int> options = Places(effects.Options);
        return (name, spec) =>
        {
            if (!weights.TryGetValue(name, out int weight) || !options.TryGetValue(spec, out int option))
                return null;
            return effects.OverImages(image => effects.Size(effects.Damage(image, weight, option).Mean)).Mean;
        };
    }

    // Negated, because larger scores are better; the scores of the parts of a split weight are summed.
    private static Func<string, QuantizerSpec, double?> Scores(SensitivityResult result)
    {
        ILookup<string, WeightScores> weights = result.Weights.ToLookup(
            weight => QuantizableWeight.WholeOf(weight.Name),
            StringComparer.Ordinal
        );
        Dictionary<string, int> options = Places(result.Options);
        return (name, spec) =>
            !weights.Contains(name) || !options.TryGetValue($"{spec}", out int option)
                ? null
                : -weights[name].Sum(part => part.Scores[option]);
    }

    private static Dictionary<T, int> Places<T>(IReadOnlyList<T> items)
        where T : notnull => Enumerable.Range(0, items.Count).ToDictionary(place => items[place]);
}
