using Qua2SeDiMo.Kernels.Codes;
using Qua2SeDiMo.Predictors.Data;
using Qua2SeDiMo.Quantizers;

namespace Qua2SeDiMo.Plans;

/// <summary>What weights and inputs of layers cost and do, for plans of both.</summary>
/// <param name="Features">Bytes of every weight under every option.</param>
/// <param name="MultiplyAccumulates">Of one call, by weight.</param>
/// <param name="Bits">Bits that inputs may have, 16 for those that are not rounded.</param>
/// <param name="WeightDamages">By image: [weight · options + option].</param>
/// <param name="InputDamages">By image: [weight · bits + place in <paramref name="Bits"/>]; nothing where an input is not
/// rounded.</param>
internal sealed record JointOptions(
    OptionFeatures Features,
    IReadOnlyList<long> MultiplyAccumulates,
    IReadOnlyList<int> Bits,
    IReadOnlyList<double[]> WeightDamages,
    IReadOnlyList<double[]> InputDamages
)
{
    private readonly QuantizerSpec[] specs = [.. Features.Options.Select(PlanEntries.Spec)];

    /// <summary>Options of a layer: every option of its weight with every number of bits of its input.</summary>
    internal int Count => Features.OptionCount * Bits.Count;

    /// <summary>Option of the weight, and place of the bits of the input, of an option of the layer.</summary>
    internal (int Option, int Input) Split(int joint) => Math.DivRem(joint, Bits.Count);

    /// <summary>Bit operations of a layer: multiply-accumulates × weight bits × activation bits.</summary>
    internal double Operations(int weight, int joint)
    {
        (int option, int input) = Split(joint);
        return BitOperations.OfWeight(MultiplyAccumulates[weight], specs[option], Bits[input], Features.OriginalBits);
    }

    /// <summary>Bit operations of a whole choice.</summary>
    internal double Operations(IReadOnlyList<int> joint) =>
        joint.Select((option, weight) => Operations(weight, option)).Sum();

    /// <summary>Bytes of every layer under every option of it.</summary>
    internal OptionFeatures JointFeatures()
    {
        IEnumerable<int> weights = Enumerable.Range(0, Features.WeightCount),
            options = Enumerable.Range(0, Count);
        return new OptionFeatures(
            [
                .. options.Select(joint =>
                {
                    (int option, int input) = Split(joint);
                    return Features.Options[option] with
                    {
                        Name = $"{Features.Options[option].Name}, inputs of {Bits[input]} bits",
                    };
                }),
            ],
            [.. weights.Select(Features.OriginalBytes)],
            [.. weights.SelectMany(w => options.Select(joint => Features.QuantizedBytes(w, Split(joint).Option)))],
            [.. weights.SelectMany(w => options.Select(joint => Features.Error(w, Split(joint).Option)))],
            Features.OriginalBits
        );
    }

    /// <summary>By image: what every layer does under every option of it.</summary>
    internal IReadOnlyList<double[]> Damages() =>
        [.. WeightDamages.Zip(InputDamages, (weights, inputs) => Spread(Features.WeightCount, weights, inputs))];

    /// <summary>A number of every weight under every option, for every option of its layer.</summary>
    internal double[] Spread(double[] ofWeights) => Spread(Features.WeightCount, ofWeights, null);

    private double[] Spread(int weights, double[] ofWeights, double[]? ofInputs)
    {
        double[] all = new double[weights * Count];
        for (int i = 0; i < all.Length; i++)
        {
            (int weight, int joint) = Math.DivRem(i, Count);
            (int option, int input) = Split(joint);
            all[i] =
                ofWeights[(weight * Features.OptionCount) + option] + (ofInputs?[(weight * Bits.Count) + input] ?? 0);
        }
        return all;
    }
}

/// <summary>
/// Plans weights and inputs of layers together under a bound on bit operations. A price of a bit operation is added to
/// the damages and found by bisection; at every price the choice is exact for its bytes. What is left below the bound is
/// given to inputs, those first that gain most for it.
/// </summary>
/// <param name="name">Name in keys and files.</param>
/// <param name="layers">What layers cost and do.</param>
/// <param name="bound">Most bit operations of one call.</param>
/// <param name="isLogarithmic">As in <see cref="DamageSearch"/>.</param>
/// <param name="corrections">[weight · options + option], as in <see cref="DamageSearch"/>; null for none.</param>
internal sealed class OperationSearch(
    string name,
    JointOptions layers,
    double bound,
    bool isLogarithmic = true,
    double[]? corrections = null
) : ICandidateSearch
{
    // Near enough to the bound; and halvings of the price, which begins within a factor of 4 of the right one.
    private const double Near = 0.002;
    private const int MaxTries = 40,
        Halvings = 14;
    private const double Factor = 4;

    private readonly OptionFeatures features = layers.JointFeatures();
    private readonly IReadOnlyList<double[]> damages = layers.Damages();
    private readonly double[]? fixedCorrections = corrections is null ? null : layers.Spread(corrections);

    /// <inheritdoc/>
    public string Name => name;

    /// <inheritdoc/>
    /// <exception cref="PlanException">No choice of so few bytes keeps to the bound.</exception>
    public PlanCandidate? Propose(long budgetBytes, CancellationToken cancellationToken = default)
    {
        if (At(0, budgetBytes, cancellationToken) is not { } free)
            return null;
        if (layers.Operations(free.Options) <= bound)
            return Candidate(free.Options);
        // All bit operations at this price cost as much as a mixture that is e times as bad.
        double low = 0,
            price = 1 / layers.Operations(free.Options);
        PlanCandidate? fits = null;
        for (int i = 0; i < MaxTries && fits is null; i++, price *= Factor)
        {
            PlanCandidate found = At(price, budgetBytes, cancellationToken)!;
            if (layers.Operations(found.Options) <= bound)
                fits = found;
            else
                low = price;
        }
        if (fits is null)
            throw new PlanException(TooFew(budgetBytes));
        double high = price / Factor;
        for (int i = 0; i < Halvings && layers.Operations(fits.Options) < (1 - Near) * bound; i++)
        {
            double middle = low == 0 ? high / Factor : Math.Sqrt(low * high);
            PlanCandidate found = At(middle, budgetBytes, cancellationToken)!;
            if (layers.Operations(found.Options) <= bound)
                (fits, high) = (found, middle);
            else
                low = middle;
        }
        return Candidate(Filled([.. fits.Options]));
    }

    private PlanCandidate? At(double price, long budgetBytes, CancellationToken cancellationToken)
    {
        double[] added = new double[features.WeightCount * layers.Count];
        for (int i = 0; i < added.Length; i++)
        {
            (int weight, int joint) = Math.DivRem(i, layers.Count);
            added[i] = (price * layers.Operations(weight, joint)) + (fixedCorrections?[i] ?? 0);
        }
        return new DamageSearch(name, features, damages, isLogarithmic, added).Propose(budgetBytes, cancellationToken);
    }

    // More bits for inputs while they fit, by what the mean damage loses for a bit operation.
    private int[] Filled(int[] chosen)
    {
        double left = bound - layers.Operations(chosen);
        double[] weights =
        [
            .. damages.Select(own => isLogarithmic ? 1 / Math.Max(Sum(own, chosen), double.Epsilon) : 1),
        ];
        double Gain(int weight, int from, int to) =>
            damages.Select((own, image) => weights[image] * (own[At(weight, from)] - own[At(weight, to)])).Average();
        int At(int weight, int joint) => (weight * layers.Count) + joint;
        while (true)
        {
            var steps =
                from weight in Enumerable.Range(0, chosen.Length)
                let option = layers.Split(chosen[weight]).Option
                from input in Enumerable.Range(0, layers.Bits.Count)
                let to = (option * layers.Bits.Count) + input
                let cost = layers.Operations(weight, to) - layers.Operations(weight, chosen[weight])
                where cost > 0 && cost <= left
                let gain = Gain(weight, chosen[weight], to)
                where gain > 0
                select (Rate: gain / cost, Cost: cost, Weight: weight, To: to);
            if (steps.DefaultIfEmpty().MaxBy(step => step.Rate) is not { Cost: > 0 } best)
                return chosen;
            chosen[best.Weight] = best.To;
            left -= best.Cost;
        }
    }

    private PlanCandidate Candidate(IReadOnlyList<int> joint)
    {
        double[] sums = [.. damages.Select(own => Sum(own, joint))];
        double score = -sums.Average(sum => isLogarithmic ? Math.Log(Math.Max(sum, double.Epsilon)) : sum);
        if (fixedCorrections is not null)
            score -= Sum(fixedCorrections, joint);
        return new PlanCandidate(
            [.. joint.Select(option => layers.Split(option).Option)],
            features.TotalBytes([.. joint]),
            score
        )
        {
            Activations = [.. joint.Select(option => layers.Bits[layers.Split(option).Input])],
        };
    }

    private double Sum(double[] own, IReadOnlyList<int> joint) =>
        joint.Select((option, weight) => own[(weight * layers.Count) + option]).Sum();

    private string TooFew(long budgetBytes)
    {
        double least = Enumerable
            .Range(0, features.WeightCount)
            .Sum(weight => Enumerable.Range(0, layers.Count).Min(joint => layers.Operations(weight, joint)));
        return FormattableString.Invariant(
                $"No allocation of at most {budgetBytes:#,0} bytes keeps to {bound:0.###E+0} bit operations a call; the least "
            ) + FormattableString.Invariant($"that these options can have is {least:0.###E+0}. Allow more of them.");
    }
}
