using Qua2SeDiMo.Kernels.Codes;
using Qua2SeDiMo.Quantizers;

namespace Qua2SeDiMo.Measurement;

/// <summary>
/// Damage of mixtures to each image: the sum over weights, with their interactions where cotangents show them. Damages
/// differ tenfold between images, and images saturate, so mixtures are compared by the mean of logarithms over images.
/// </summary>
/// <param name="effects">Effects of every option of every weight; weights that always change together are
/// merged.</param>
/// <param name="whole">Returns the name in <paramref name="effects"/> of a weight of an allocation.</param>
internal sealed class MixtureDamage(Effects effects, Func<string, string> whole)
{
    private readonly Dictionary<string, int> weights = effects
        .Weights.Select((name, place) => (name, place))
        .ToDictionary(pair => pair.name, pair => pair.place, StringComparer.Ordinal);

    private readonly double[] means = Means(effects);
    private readonly Lazy<Interactions?> interactions = new(() =>
        Measurement.Interactions.Of(effects) is { Share: > 0 } found ? found : null
    );

    private readonly int[] inputs = [.. effects.ActivationBits];

    /// <summary>Effects of every option of every weight.</summary>
    public Effects Effects => effects;

    /// <summary>Interactions of the weights; null where none are known: no cotangents were drawn, or two halves of them
    /// do not agree.</summary>
    public Interactions? Interactions => interactions.Value;

    /// <summary>
    /// The number by which mixtures are ordered, larger is worse: the mean over images of the logarithm of the damage,
    /// or the mean loss if losses were measured. Negative infinity if nothing is quantized.
    /// </summary>
    /// <param name="allocation">The mixture; weights that it does not name keep full precision and do no
    /// damage.</param>
    /// <exception cref="MeasurementException">The mixture has an option or a weight that was not measured.</exception>
    public double Order(BitAllocation allocation) => Orders([OptionsOrNone(allocation)])[0];

    /// <summary>The same with quantized inputs of layers, whose damages add to those of the weights.</summary>
    /// <param name="allocation">The mixture.</param>
    /// <param name="activations">Bits of layers' inputs, each of which was measured.</param>
    /// <exception cref="MeasurementException">The mixture has an option, a weight or bits that were not
    /// measured.</exception>
    public double OrderWithInputs(BitAllocation allocation, ActivationAllocation activations)
    {
        ArgumentNullException.ThrowIfNull(activations);
        double[] weightDamages = OfImages(Places(allocation)),
            inputDamages = OfImages(Inputs(activations));
        if (effects.Kind == EffectKind.Losses || weightDamages.Any(damage => damage <= 0))
            return OverImages([.. weightDamages.Zip(inputDamages, (weight, input) => weight + input)]);
        // What inputs add to the logarithm of summed damages, they add to that of damages with interactions too.
        return Order(allocation)
            + weightDamages.Zip(inputDamages, (weight, input) => Math.Log((weight + input) / weight)).Average();
    }

    /// <summary>The orders of several mixtures; those that follow one another and differ in few weights cost
    /// little.</summary>
    /// <param name="mixtures">Index of the option of every measured weight, −1 for full precision.</param>
    public IReadOnlyList<double> Orders(IReadOnlyList<IReadOnlyList<int>> mixtures) =>
        Interactions?.Orders(mixtures) ?? [.. mixtures.Select(OrderOfSum)];

    /// <summary>Damage of a mixture: the geometric mean over images, or the mean loss if losses were
    /// measured.</summary>
    public double Damage(BitAllocation allocation) =>
        effects.Kind == EffectKind.Losses ? Order(allocation) : Math.Exp(Order(allocation));

    /// <summary>Index of the option of every measured weight; null if the mixture leaves a weight in full
    /// precision.</summary>
    /// <exception cref="MeasurementException">The mixture has an option or a weight that was not measured.</exception>
    public int[]? Options(BitAllocation allocation)
    {
        int[] options = OptionsOrNone(allocation);
        return Array.IndexOf(options, -1) < 0 ? options : null;
    }

    /// <summary>Damage to an image by an option of a weight, or by bits of its input (<see cref="Effects.OfInput"/>), mean
    /// over cotangents.</summary>
    public double Mean(int image, int weight, int option) =>
        means[(((image * effects.Weights.Count) + weight) * effects.Columns) + option];

    private double[] OfImages(IEnumerable<(int Weight, int Option)> places)
    {
        double[] sums = new double[effects.Images];
        foreach ((int weight, int option) in places)
        {
            for (int image = 0; image < sums.Length; image++)
                sums[image] += Mean(image, weight, option);
        }
        return sums;
    }

    // Tied weights count once here too.
    private IEnumerable<(int Weight, int Option)> Inputs(ActivationAllocation activations) =>
        activations
            .ByWeight.Select(pair => (IndexOf(pair.Key), effects.OfInput(IndexOf(pair.Key, pair.Value))))
            .Distinct();

    private int IndexOf(string name, int bits)
    {
        int place = Array.IndexOf(inputs, bits);
        return place >= 0
            ? place
            : throw new MeasurementException(
                $"The input of '{name}' is to be quantized to {bits} bits, which was not measured. Measure again."
            )
            {
                Remedy = Remedy.Measure,
            };
    }

    private int IndexOf(string name) =>
        weights.TryGetValue(whole(name), out int weight)
            ? weight
            : throw new MeasurementException(
                $"The allocation gives an option to '{name}', which was not measured. Measure again."
            )
            {
                Remedy = Remedy.Measure,
            };

    private int[] OptionsOrNone(BitAllocation allocation)
    {
        ArgumentNullException.ThrowIfNull(allocation);
        int[] options = [.. Enumerable.Repeat(-1, effects.Weights.Count)];
        foreach ((int weight, int option) in Places(allocation))
            options[weight] = option;
        return options;
    }

    private double OrderOfSum(IReadOnlyList<int> options) =>
        OverImages(OfImages(options.Select((option, weight) => (weight, option)).Where(place => place.option >= 0)));

    private double OverImages(double[] damages) =>
        effects.Kind == EffectKind.Losses ? damages.Average() : damages.Average(Math.Log);

    // Tied weights are named separately in an allocation but count once.
    private IEnumerable<(int Weight, int Option)> Places(BitAllocation allocation)
    {
        var seen = new HashSet<(int, int)>();
        foreach ((string name, QuantizerSpec spec) in allocation.Specs)
        {
            int weight = IndexOf(name);
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
        double[] means = new double[(long)effects.Images * effects.Weights.Count * effects.Columns];
        int at = 0;
        for (int image = 0; image < effects.Images; image++)
        {
            for (int weight = 0; weight < effects.Weights.Count; weight++)
            {
                for (int option = 0; option < effects.Columns; option++)
                    means[at++] = effects.Damage(image, weight, option).Mean;
            }
        }
        return means;
    }
}
