using Qua2SeDiMo.Kernels.Codes;

namespace Qua2SeDiMo.Measurement;

/// <summary>Kind of the numbers in <see cref="Effects"/>, which determines how they become damages.</summary>
internal enum EffectKind
{
    /// <summary>Products of gradients of single calls with changes: squared, then averaged over steps.</summary>
    CallProducts,

    /// <summary>Products of gradients through whole runs with changes: summed over steps, then squared, because a
    /// changed weight has the same error at every step.</summary>
    RunProducts,

    /// <summary>Squared norms of the change of the guided prediction of single calls: averaged over steps.</summary>
    CallSquares,

    /// <summary>Loss of similarity to full precision of the image of a whole run.</summary>
    Losses,
}

/// <summary>
/// Effects of every option of every weight, and of quantizing the inputs of its layers, by image, cotangent and step.
/// For random cotangents, the square of a
/// product ⟨gradient, change⟩ is an unbiased estimate, to first order, of the squared norm of the change of the output;
/// it is averaged over cotangents.
/// </summary>
/// <param name="Kind">Kind of the numbers.</param>
/// <param name="Weights">Names of the weights.</param>
/// <param name="Options">Options, in the order of the numbers.</param>
/// <param name="Steps">Steps whose calls were measured; one entry if only whole runs were measured.</param>
/// <param name="Images">Number of images.</param>
/// <param name="Cotangents">Number of cotangents per image; 1 if none were drawn.</param>
/// <param name="ActivationBits">Bits that inputs of layers were rounded to; their numbers follow those of the
/// options.</param>
internal sealed record Effects(
    EffectKind Kind,
    IReadOnlyList<string> Weights,
    IReadOnlyList<QuantizerSpec> Options,
    IReadOnlyList<int> Steps,
    int Images,
    int Cotangents,
    params IReadOnlyList<int> ActivationBits
)
{
    private readonly double[] values = new double[
        (long)Images * Cotangents * Steps.Count * Weights.Count * (Options.Count + ActivationBits.Count)
    ];

    /// <summary>A single number.</summary>
    /// <param name="image">Index of the image.</param>
    /// <param name="cotangent">Index of the cotangent.</param>
    /// <param name="step">Index into <see cref="Steps"/>.</param>
    /// <param name="weight">Index into <see cref="Weights"/>.</param>
    /// <param name="option">Index into <see cref="Options"/>; or behind them, see <see cref="OfInput"/>.</param>
    public double this[int image, int cotangent, int step, int weight, int option]
    {
        get => values[At(image, cotangent, step, weight, option)];
        internal set => values[At(image, cotangent, step, weight, option)] = value;
    }

    /// <summary>Whether damages of single steps are defined.</summary>
    public bool HasSteps => Kind != EffectKind.Losses;

    /// <summary>Whether random cotangents contribute to the errors, besides images.</summary>
    public bool HasCotangents => Kind is EffectKind.CallProducts or EffectKind.RunProducts;

    /// <summary>The damage as a norm: its root; a loss unchanged.</summary>
    internal double Size(double damage) => Kind == EffectKind.Losses ? damage : Math.Sqrt(damage);

    /// <summary>Numbers of one weight: one for each option, and one for each number of bits of its input.</summary>
    internal int Columns => Options.Count + ActivationBits.Count;

    /// <summary>What takes the place of an option where the input of a layer is rounded.</summary>
    /// <param name="bits">Index into <see cref="ActivationBits"/>.</param>
    internal int OfInput(int bits) => Options.Count + bits;

    /// <summary>All numbers of an image, [cotangent, step, weight, option or bits].</summary>
    internal Span<double> Image(int image) =>
        values.AsSpan(checked((int)At(image, 0, 0, 0, 0)), values.Length / Images);

    /// <summary>Damage to an image by an option of a weight, from one cotangent.</summary>
    public double Damage(int image, int cotangent, int weight, int option)
    {
        double sum = 0;
        for (int step = 0; step < Steps.Count; step++)
        {
            double value = this[image, cotangent, step, weight, option];
            sum += Kind == EffectKind.CallProducts ? value * value : value;
        }
        return Kind == EffectKind.RunProducts ? sum * sum : sum / Steps.Count;
    }

    /// <summary>Damage to an image by an option of a weight, from one cotangent and the call of one step
    /// only.</summary>
    public double DamageAt(int image, int cotangent, int step, int weight, int option)
    {
        double value = this[image, cotangent, step, weight, option];
        return HasCotangents ? value * value : value;
    }

    /// <summary>Damage to an image by an option of a weight: mean over cotangents, and its standard error.</summary>
    public Estimate Damage(int image, int weight, int option) =>
        OverCotangents(cotangent => Damage(image, cotangent, weight, option));

    /// <summary>Damage to an image by an option of a weight, from the call of one step only: mean over cotangents, and
    /// its standard error.</summary>
    public Estimate DamageOfStep(int image, int step, int weight, int option) =>
        OverCotangents(cotangent => DamageAt(image, cotangent, step, weight, option));

    /// <summary>Mean damage over images, with the standard error over images, which includes that of the
    /// cotangents.</summary>
    public Estimate MeanDamage(int weight, int option) => OverImages(image => Damage(image, weight, option).Mean);

    /// <summary>Mean damage over images from the call of one step only, with the standard error over images.</summary>
    public Estimate MeanDamageOfStep(int step, int weight, int option) =>
        OverImages(image => DamageOfStep(image, step, weight, option).Mean);

    /// <summary>Mean over images of a function of one image's damages, and the standard error over images.</summary>
    internal Estimate OverImages(Func<int, double> ofImage) =>
        Estimate.Of([.. Enumerable.Range(0, Images).Select(ofImage)]);

    /// <summary>Two halves: even and odd cotangents, or images if there is one cotangent; null if there is also only
    /// one image.</summary>
    internal (Effects First, Effects Second)? Halves()
    {
        int count = Cotangents > 1 ? Cotangents : Images;
        return count < 2 ? null : (Half(0), Half(1));
    }

    /// <summary>Adds the numbers of weights that always change together, before anything is squared.</summary>
    /// <param name="whole">Returns the name under which a weight is added.</param>
    public Effects Merged(Func<string, string> whole)
    {
        string[] names = [.. Weights.Select(whole)],
            distinct = [.. names.Distinct()];
        if (distinct.Length == names.Length)
            return this;
        var merged = new Effects(Kind, distinct, Options, Steps, Images, Cotangents, ActivationBits);
        int options = Columns,
            rows = values.Length / (names.Length * options);
        for (int weight = 0; weight < names.Length; weight++)
        {
            int to = Array.IndexOf(distinct, names[weight]);
            for (int row = 0; row < rows; row++)
            {
                ReadOnlySpan<double> from = values.AsSpan(((row * names.Length) + weight) * options, options);
                Span<double> sum = merged.values.AsSpan(((row * distinct.Length) + to) * options, options);
                for (int option = 0; option < options; option++)
                    sum[option] += from[option];
            }
        }
        return merged;
    }

    private Effects Half(int parity)
    {
        int[] cotangents =
        [
            .. Enumerable.Range(0, Cotangents).Where(cotangent => Cotangents == 1 || cotangent % 2 == parity),
        ];
        int[] images = [.. Enumerable.Range(0, Images).Where(image => Cotangents > 1 || image % 2 == parity)];
        var half = new Effects(Kind, Weights, Options, Steps, images.Length, cotangents.Length, ActivationBits);
        int length = values.Length / (Images * Cotangents);
        for (int image = 0; image < images.Length; image++)
        {
            for (int cotangent = 0; cotangent < cotangents.Length; cotangent++)
            {
                Image(images[image])
                    .Slice(cotangents[cotangent] * length, length)
                    .CopyTo(half.Image(image)[(cotangent * length)..]);
            }
        }
        return half;
    }

    private Estimate OverCotangents(Func<int, double> ofCotangent) =>
        Estimate.Of([.. Enumerable.Range(0, Cotangents).Select(ofCotangent)]);

    private long At(int image, int cotangent, int step, int weight, int option) =>
        ((((((((long)image * Cotangents) + cotangent) * Steps.Count) + step) * Weights.Count) + weight) * Columns)
        + option;
}
