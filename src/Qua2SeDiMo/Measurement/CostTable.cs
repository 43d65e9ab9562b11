using Qua2SeDiMo.Graphs.Operations;
using Qua2SeDiMo.Kernels.Codes;

namespace Qua2SeDiMo.Measurement;

/// <summary>
/// Cost of 3 instead of 4 bits, image by image: difference of the roots of damages, which are norms of changes. Damages
/// differ tenfold between images, and images saturate, so means of squares would be dominated by a few images. Losses
/// are used without the root.
/// </summary>
internal sealed class CostTable
{
    /// <summary>Bits that are compared.</summary>
    internal const int Fewer = 3,
        More = 4;

    private readonly Effects effects;
    private readonly (int Fewer, int More)[] pairs;
    private readonly double[]?[] byImage;

    internal CostTable(Effects effects)
    {
        this.effects = effects;
        byImage = new double[]?[effects.Weights.Count];
        QuantizerSpec[] options = [.. effects.Options];
        pairs =
        [
            .. options
                .Select(option => option.Method)
                .Distinct()
                .Select(method =>
                    (
                        Array.IndexOf(options, new QuantizerSpec(method, Fewer)),
                        Array.IndexOf(options, new QuantizerSpec(method, More))
                    )
                )
                .Where(pair => pair.Item1 >= 0 && pair.Item2 >= 0),
        ];
    }

    /// <summary>Cost of some weights together.</summary>
    internal Estimate Of(IReadOnlyList<int> weights) => effects.OverImages(image => Cost(image, weights));

    /// <summary>Cost of some weights together, from the calls of each single step; empty if only whole runs were
    /// measured.</summary>
    internal IReadOnlyList<double> OfSteps(IReadOnlyList<int> weights) =>
        !effects.HasSteps
            ? []
            :
            [
                .. Enumerable
                    .Range(0, effects.Steps.Count)
                    .Select(step =>
                        effects
                            .OverImages(image =>
                                Cost(
                                    weights,
                                    (weight, option) => effects.DamageOfStep(image, step, weight, option).Mean
                                )
                            )
                            .Mean
                    ),
            ];

    /// <summary>Tables of the costs of all weights, operator types and blocks.</summary>
    /// <param name="positions">Position of every weight, by name.</param>
    internal MeasuredSensitivity Tabulate(IReadOnlyDictionary<string, WeightPosition> positions)
    {
        int[] all = [.. Enumerable.Range(0, effects.Weights.Count)];
        WeightPosition[] places = [.. effects.Weights.Select(name => positions[name])];
        MeasuredWeight[] weights = [.. all.Select(weight => Weight(places[weight], weight))];
        return new MeasuredSensitivity(
            effects.Kind,
            effects.Images,
            effects.Cotangents,
            effects.HasSteps ? effects.Steps : [],
            weights,
            [.. Groups(all, weight => places[weight].LayerType).OrderByDescending(group => group.Cost)],
            [.. Groups(all, weight => places[weight].Block)]
        )
        {
            Activations = MeasuredActivations.Of(effects, positions),
        };
    }

    private IEnumerable<MeasuredGroup> Groups(int[] weights, Func<int, string> key) =>
        weights
            .GroupBy(key)
            .Select(group =>
            {
                int[] own = [.. group];
                Estimate cost = Of(own);
                return new MeasuredGroup(group.Key, own.Length, cost.Mean, cost.KnownError, OfSteps(own));
            });

    private MeasuredWeight Weight(WeightPosition position, int weight)
    {
        Estimate cost = Of([weight]);
        double[] own = ByImage(weight);
        int place = 1;
        for (int other = 0; other < effects.Weights.Count; other++)
        {
            Estimate more = Estimate.Of([.. ByImage(other).Zip(own, (theirs, ours) => theirs - ours)]);
            if (more.IsCertain)
                place++;
        }
        return new MeasuredWeight(
            position,
            cost.Mean,
            cost.KnownError,
            place,
            OfSteps([weight]),
            [.. effects.Options.Select((spec, option) => Option(spec, weight, option))]
        );
    }

    private MeasuredOption Option(QuantizerSpec spec, int weight, int option)
    {
        Estimate damage = effects.MeanDamage(weight, option);
        IEnumerable<int> steps = effects.HasSteps ? Enumerable.Range(0, effects.Steps.Count) : [];
        return new MeasuredOption(
            $"{spec}",
            damage.Mean,
            damage.KnownError,
            [
                .. steps.Select(step =>
                {
                    Estimate own = effects.MeanDamageOfStep(step, weight, option);
                    return new MeasuredStep(effects.Steps[step], own.Mean, own.KnownError);
                }),
            ]
        );
    }

    private double[] ByImage(int weight) =>
        byImage[weight] ??= [.. Enumerable.Range(0, effects.Images).Select(image => Cost(image, [weight]))];

    private double Cost(int image, IReadOnlyList<int> weights) =>
        Cost(weights, (weight, option) => effects.Damage(image, weight, option).Mean);

    private double Cost(IReadOnlyList<int> weights, Func<int, int, double> damage)
    {
        double Norm(int option) => effects.Size(weights.Sum(weight => damage(weight, option)));
        return pairs.Length == 0 ? 0 : pairs.Average(pair => Norm(pair.Fewer) - Norm(pair.More));
    }
}
