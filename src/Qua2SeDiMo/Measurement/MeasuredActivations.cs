using Qua2SeDiMo.Graphs.Operations;

namespace Qua2SeDiMo.Measurement;

/// <summary>What rounding inputs to some bits does.</summary>
/// <param name="Bits">Bits of one code.</param>
/// <param name="Damage">Mean over images and cotangents, in the unit of <see cref="MeasuredSensitivity.Unit"/>.</param>
/// <param name="StandardError">Over images; null where there is one.</param>
/// <param name="Size">Mean over images of the roots of damages, which are norms of changes; a loss as it is.</param>
/// <param name="SizeError">Over images; null where there is one.</param>
/// <param name="Steps">Damage by the calls of single steps; empty where only whole runs were looked at.</param>
internal sealed record MeasuredRounding(
    int Bits,
    double Damage,
    double? StandardError,
    double Size,
    double? SizeError,
    IReadOnlyList<MeasuredStep> Steps
);

/// <summary>What rounding the input of one layer does.</summary>
/// <param name="Position">The weight that the input meets.</param>
/// <param name="Roundings">By bits, most first.</param>
/// <param name="WeightSize">Size of what four bits do to the weight itself, under its best such option; null where the
/// bank has none.</param>
/// <param name="ToleratedBits">Fewest bits that change the images no more than that, as all more do; null where none
/// do.</param>
internal sealed record MeasuredInput(
    WeightPosition Position,
    IReadOnlyList<MeasuredRounding> Roundings,
    double? WeightSize,
    int? ToleratedBits
);

/// <summary>What rounding the inputs of layers does.</summary>
/// <param name="Bits">Bits that were looked at, most first.</param>
/// <param name="Inputs">Every layer, in the order of the forward pass.</param>
/// <param name="Everywhere">All layers together: summed damages.</param>
/// <param name="WeightSize">Size of all weights at four bits together, each under its best such option; null where the
/// bank has none.</param>
internal sealed record MeasuredActivations(
    IReadOnlyList<int> Bits,
    IReadOnlyList<MeasuredInput> Inputs,
    IReadOnlyList<MeasuredRounding> Everywhere,
    double? WeightSize
)
{
    /// <summary>The table of a measurement; null where no input was rounded.</summary>
    /// <param name="effects">What was measured.</param>
    /// <param name="positions">Where every weight is.</param>
    internal static MeasuredActivations? Of(Effects effects, IReadOnlyDictionary<string, WeightPosition> positions)
    {
        if (effects.ActivationBits.Count == 0)
            return null;
        int[] all = [.. Enumerable.Range(0, effects.Weights.Count)];
        int?[] best = [.. all.Select(weight => BestOption(effects, weight))];
        double? Size(IReadOnlyList<int> weights) =>
            weights.All(weight => best[weight] is not null)
                ? effects
                    .OverImages(image =>
                        effects.Size(weights.Sum(weight => effects.Damage(image, weight, best[weight]!.Value).Mean))
                    )
                    .Mean
                : null;
        return new MeasuredActivations(
            effects.ActivationBits,
            [.. all.Select(weight => Input(positions[effects.Weights[weight]], weight, Size([weight])))],
            Roundings(effects, all),
            Size(all)
        );

        MeasuredInput Input(WeightPosition position, int weight, double? weightSize)
        {
            IReadOnlyList<MeasuredRounding> roundings = Roundings(effects, [weight]);
            int? tolerated = null;
            foreach (MeasuredRounding rounding in roundings.OrderByDescending(rounding => rounding.Bits))
            {
                if (!(rounding.Size <= weightSize))
                    break;
                tolerated = rounding.Bits;
            }
            return new MeasuredInput(position, roundings, weightSize, tolerated);
        }
    }

    private static int? BestOption(Effects effects, int weight)
    {
        int[] options =
        [
            .. Enumerable
                .Range(0, effects.Options.Count)
                .Where(option => effects.Options[option].Bits == CostTable.More),
        ];
        return options.Length == 0 ? null : options.MinBy(option => effects.MeanDamage(weight, option).Mean);
    }

    private static IReadOnlyList<MeasuredRounding> Roundings(Effects effects, IReadOnlyList<int> weights) =>
        [.. effects.ActivationBits.Select((bits, at) => Rounding(effects, weights, bits, effects.OfInput(at)))];

    private static MeasuredRounding Rounding(Effects effects, IReadOnlyList<int> weights, int bits, int option)
    {
        double Damage(int image) => weights.Sum(weight => effects.Damage(image, weight, option).Mean);
        Estimate damage = effects.OverImages(Damage),
            size = effects.OverImages(image => effects.Size(Damage(image)));
        IEnumerable<int> steps = effects.HasSteps ? Enumerable.Range(0, effects.Steps.Count) : [];
        return new MeasuredRounding(
            bits,
            damage.Mean,
            damage.KnownError,
            size.Mean,
            size.KnownError,
            [
                .. steps.Select(step =>
                {
                    Estimate own = effects.OverImages(image =>
                        weights.Sum(weight => effects.DamageOfStep(image, step, weight, option).Mean)
                    );
                    return new MeasuredStep(effects.Steps[step], own.Mean, own.KnownError);
                }),
            ]
        );
    }
}
