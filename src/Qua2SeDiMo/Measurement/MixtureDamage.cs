using Qua2SeDiMo.Kernels.Codes;
using Qua2SeDiMo.Quantizers;

namespace Qua2SeDiMo.Measurement;

/// <summary>
/// What a mixture does to each image: the sum over its weights. Damages of images differ tenfold, and images saturate,
/// so that mixtures are compared by the mean of logarithms over images.
/// </summary>
/// <param name="effects">What every option of every weight does; weights that always change together are one.</param>
/// <param name="whole">Name of the whole that a weight of an allocation is of.</param>
internal sealed class MixtureDamage(Effects effects, Func<string, string> whole)
{
    private readonly Dictionary<string, int> weights = effects
        .Weights.Select((name, place) => (name, place))
        .ToDictionary(pair => pair.name, pair => pair.place, StringComparer.Ordinal);

    private readonly double[] means = Means(effects);

    /// <summary>What every option of every weight does.</summary>
    public Effects Effects => effects;

    /// <summary>Damage to every image.</summary>
    /// <param name="allocation">Weights that it does not name keep their precision and do nothing.</param>
    /// <exception cref="MeasurementException">It has an option or a weight that was not measured.</exception>
    public double[] OfImages(BitAllocation allocation)
    {
        ArgumentNullException.ThrowIfNull(allocation);
        double[] sums = new double[effects.Images];
        foreach ((int weight, int option) in Places(allocation))
        {
            for (int image = 0; image < sums.Length; image++)
                sums[image] += Mean(image, weight, option);
        }
        return sums;
    }

    /// <summary>
    /// What mixtures are ordered by, larger is worse: the mean over images of the logarithm of the damage, or of the
    /// loss where that was measured itself; negative infinity where nothing is changed.
    /// </summary>
    public double Order(BitAllocation allocation)
    {
        double[] images = OfImages(allocation);
        return effects.Kind == EffectKind.Losses ? images.Average() : images.Average(Math.Log);
    }

    /// <summary>The same as a damage: the geometric mean over images; a loss stays as it is.</summary>
    public double Damage(BitAllocation allocation) =>
        effects.Kind == EffectKind.Losses ? Order(allocation) : Math.Exp(Order(allocation));

    /// <summary>Index of the option of every measured weight; null where the mixture leaves one as it is.</summary>
    /// <exception cref="MeasurementException">It has an option or a weight that was not measured.</exception>
    public int[]? Options(BitAllocation allocation)
    {
        ArgumentNullException.ThrowIfNull(allocation);
        int[] options = [.. Enumerable.Repeat(-1, effects.Weights.Count)];
        foreach ((int weight, int option) in Places(allocation))
            options[weight] = option;
        return Array.IndexOf(options, -1) < 0 ? options : null;
    }

    /// <summary>Mean damage of an option of a weight to an image.</summary>
    public double Mean(int image, int weight, int option) =>
        means[(((image * effects.Weights.Count) + weight) * effects.Options.Count) + option];

    // Weights that are always equal are named each, and count once.
    private IEnumerable<(int Weight, int Option)> Places(BitAllocation allocation)
    {
        var seen = new HashSet<(int, int)>();
        foreach ((string name, QuantizerSpec spec) in allocation.Specs)
        {
            if (!weights.TryGetValue(whole(name), out int weight))
            {
                throw new MeasurementException(
                    $"The allocation gives an option to '{name}', which was not measured. Measure again."
                )
                {
                    Remedy = Remedy.Measure,
                };
            }
            int option = IndexOf(spec, name);
            if (seen.Add((weight, option)))
                yield return (weight, option);
        }
    }

    private int IndexOf(QuantizerSpec spec, string name)
    {
        for (int option = 0; option < effects.Options.Count; option++)
            if (effects.Options[option] == spec)
                return option;
        throw new MeasurementException(
            $"The allocation has '{name}' under {spec}, which was not measured; what was measured are "
                + $"{string.Join(", ", effects.Options)}."
        );
    }

    private static double[] Means(Effects effects)
    {
        double[] means = new double[(long)effects.Images * effects.Weights.Count * effects.Options.Count];
        int at = 0;
        for (int image = 0; image < effects.Images; image++)
        {
            for (int weight = 0; weight < effects.Weights.Count; weight++)
            {
                for (int option = 0; option < effects.Options.Count; option++)
                    means[at++] = effects.Damage(image, weight, option).Mean;
            }
        }
        return means;
    }
}
