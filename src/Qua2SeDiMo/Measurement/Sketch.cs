using Qua2SeDiMo.Kernels.Codes;

namespace Qua2SeDiMo.Measurement;

/// <summary>
/// Products ⟨gradient, change⟩ of every weight and option, by image, cotangent and step. Their squares estimate without
/// bias what a change does to what was looked at, to first order: the mean square of a product over cotangents is the
/// square of the norm of the effect.
/// </summary>
/// <param name="Target">What was looked at.</param>
/// <param name="Weights">Names of the weights.</param>
/// <param name="Options">Options, in the order of the products.</param>
/// <param name="Steps">Steps whose calls were differentiated.</param>
/// <param name="Images">Number of images.</param>
/// <param name="Cotangents">Cotangents for each image.</param>
internal sealed record Sketch(
    SketchTarget Target,
    IReadOnlyList<string> Weights,
    IReadOnlyList<QuantizerSpec> Options,
    IReadOnlyList<int> Steps,
    int Images,
    int Cotangents
)
{
    private readonly double[] products = new double[
        (long)Images * Cotangents * Steps.Count * Weights.Count * Options.Count
    ];

    /// <summary>One product.</summary>
    /// <param name="image">From 0.</param>
    /// <param name="cotangent">From 0.</param>
    /// <param name="step">Index into <see cref="Steps"/>.</param>
    /// <param name="weight">Index into <see cref="Weights"/>.</param>
    /// <param name="option">Index into <see cref="Options"/>.</param>
    public double this[int image, int cotangent, int step, int weight, int option]
    {
        get => products[At(image, cotangent, step, weight, option)];
        internal set => products[At(image, cotangent, step, weight, option)] = value;
    }

    /// <summary>
    /// Estimated square of what an option of a weight does to an image, with the standard error over cotangents. Over a
    /// run products are summed over steps before they are squared: a changed weight errs alike at every step. Single
    /// calls are averaged.
    /// </summary>
    public Estimate Damage(int image, int weight, int option) => Estimate.Of(Squares(image, weight, option));

    /// <summary>The same for the call of one step alone.</summary>
    public Estimate DamageAt(int image, int step, int weight, int option) =>
        Estimate.Of([
            .. Enumerable
                .Range(0, Cotangents)
                .Select(cotangent => Square(this[image, cotangent, step, weight, option])),
        ]);

    /// <summary>Mean over images, with the standard error over images; that over cotangents is part of it.</summary>
    public Estimate MeanDamage(int weight, int option) =>
        Estimate.Of([.. Enumerable.Range(0, Images).Select(image => Damage(image, weight, option).Mean)]);

    /// <summary>Parts of a split weight as one weight under the name of the first: they change together, so that their
    /// products are added.</summary>
    public Sketch Joined()
    {
        string[] names = [.. Weights.Select(name => name.Split('#')[0])],
            whole = [.. names.Distinct()];
        var joined = new Sketch(Target, whole, Options, Steps, Images, Cotangents);
        for (int weight = 0; weight < names.Length; weight++)
        {
            int to = Array.IndexOf(whole, names[weight]);
            for (int i = 0; i < Images * Cotangents * Steps.Count * Options.Count; i++)
            {
                (int option, int rest) = (i % Options.Count, i / Options.Count);
                (int step, int row) = (rest % Steps.Count, rest / Steps.Count);
                joined[row / Cotangents, row % Cotangents, step, to, option] += this[
                    row / Cotangents,
                    row % Cotangents,
                    step,
                    weight,
                    option
                ];
            }
        }
        return joined;
    }

    private double[] Squares(int image, int weight, int option)
    {
        double[] squares = new double[Cotangents];
        for (int cotangent = 0; cotangent < Cotangents; cotangent++)
        {
            double[] steps =
            [
                .. Enumerable.Range(0, Steps.Count).Select(step => this[image, cotangent, step, weight, option]),
            ];
            squares[cotangent] = Target == SketchTarget.Calls ? steps.Average(Square) : Square(steps.Sum());
        }
        return squares;
    }

    private long At(int image, int cotangent, int step, int weight, int option) =>
        ((((((((long)image * Cotangents) + cotangent) * Steps.Count) + step) * Weights.Count) + weight) * Options.Count)
        + option;

    private static double Square(double value) => value * value;
}

/// <summary>A mean and how well it is known.</summary>
/// <param name="Mean">The mean.</param>
/// <param name="StandardError">Of the mean; NaN where there is one value only.</param>
internal readonly record struct Estimate(double Mean, double StandardError)
{
    /// <summary>Of independent values.</summary>
    public static Estimate Of(IReadOnlyList<double> values)
    {
        ArgumentNullException.ThrowIfNull(values);
        double mean = values.Average();
        if (values.Count < 2)
            return new Estimate(mean, double.NaN);
        double variance = values.Sum(value => (value - mean) * (value - mean)) / (values.Count - 1);
        return new Estimate(mean, Math.Sqrt(variance / values.Count));
    }
}
