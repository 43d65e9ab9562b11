using Qua2SeDiMo.Kernels.Codes;

namespace Qua2SeDiMo.Measurement;

/// <summary>What the numbers of some effects are, and with it how they become damage.</summary>
internal enum EffectKind
{
    /// <summary>Products of gradients of single calls: squared, then averaged over steps.</summary>
    CallProducts,

    /// <summary>Products of gradients through whole runs: summed over steps, then squared; a changed weight errs alike
    /// at every step.</summary>
    RunProducts,

    /// <summary>Squared norms of what changes in the guided prediction of single calls: averaged over steps.</summary>
    CallSquares,

    /// <summary>What an image of a whole run loses of its similarity to full precision.</summary>
    Losses,
}

/// <summary>
/// What every option of every weight does, by image, cotangent and step. Squares of products ⟨gradient, change⟩
/// estimate without bias what a change does to what was looked at, to first order: their mean over cotangents is the
/// square of the norm of the effect.
/// </summary>
/// <param name="Kind">What the numbers are.</param>
/// <param name="Weights">Names of the weights.</param>
/// <param name="Options">Options, in the order of the numbers.</param>
/// <param name="Steps">Steps whose calls were looked at; one entry where there are only whole runs.</param>
/// <param name="Images">Number of images.</param>
/// <param name="Cotangents">Cotangents for each image; 1 where nothing was drawn.</param>
internal sealed record Effects(
    EffectKind Kind,
    IReadOnlyList<string> Weights,
    IReadOnlyList<QuantizerSpec> Options,
    IReadOnlyList<int> Steps,
    int Images,
    int Cotangents
)
{
    private readonly double[] values = new double[
        (long)Images * Cotangents * Steps.Count * Weights.Count * Options.Count
    ];

    /// <summary>One number.</summary>
    /// <param name="image">From 0.</param>
    /// <param name="cotangent">From 0.</param>
    /// <param name="step">Index into <see cref="Steps"/>.</param>
    /// <param name="weight">Index into <see cref="Weights"/>.</param>
    /// <param name="option">Index into <see cref="Options"/>.</param>
    public double this[int image, int cotangent, int step, int weight, int option]
    {
        get => values[At(image, cotangent, step, weight, option)];
        internal set => values[At(image, cotangent, step, weight, option)] = value;
    }

    /// <summary>Whether there is something to say of single steps.</summary>
    public bool HasSteps => Kind != EffectKind.Losses;

    /// <summary>Whether errors come from random cotangents as well as from images.</summary>
    public bool HasCotangents => Kind is EffectKind.CallProducts or EffectKind.RunProducts;

    /// <summary>How large a damage is: its root, which is the norm of a change; a loss as it is.</summary>
    internal double Size(double damage) => Kind == EffectKind.Losses ? damage : Math.Sqrt(damage);

    /// <summary>All numbers of an image: [cotangent, step, weight, option].</summary>
    internal Span<double> Image(int image) =>
        values.AsSpan(checked((int)At(image, 0, 0, 0, 0)), values.Length / Images);

    /// <summary>What an option of a weight does to an image by one cotangent.</summary>
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

    /// <summary>The same by the call of one step alone.</summary>
    public double DamageAt(int image, int cotangent, int step, int weight, int option)
    {
        double value = this[image, cotangent, step, weight, option];
        return HasCotangents ? value * value : value;
    }

    /// <summary>What an option of a weight does to an image: mean over cotangents and its standard error.</summary>
    public Estimate Damage(int image, int weight, int option) =>
        OverCotangents(cotangent => Damage(image, cotangent, weight, option));

    /// <summary>The same by the call of one step alone.</summary>
    public Estimate DamageOfStep(int image, int step, int weight, int option) =>
        OverCotangents(cotangent => DamageAt(image, cotangent, step, weight, option));

    /// <summary>Mean over images, with the standard error over images; that over cotangents is part of it.</summary>
    public Estimate MeanDamage(int weight, int option) => OverImages(image => Damage(image, weight, option).Mean);

    /// <summary>The same by the call of one step alone.</summary>
    public Estimate MeanDamageOfStep(int step, int weight, int option) =>
        OverImages(image => DamageOfStep(image, step, weight, option).Mean);

    /// <summary>Mean over images of anything that is made of the damages of one image, and the standard error over
    /// images.</summary>
    internal Estimate OverImages(Func<int, double> ofImage) =>
        Estimate.Of([.. Enumerable.Range(0, Images).Select(ofImage)]);

    /// <summary>Every other cotangent, or image where none were drawn, and the rest; null where there is one
    /// only.</summary>
    internal (Effects First, Effects Second)? Halves()
    {
        int count = Cotangents > 1 ? Cotangents : Images;
        return count < 2 ? null : (Half(0), Half(1));
    }

    /// <summary>Weights that change together as one: their numbers are added, before anything is squared.</summary>
    /// <param name="whole">Name of the whole that a weight is of.</param>
    public Effects Merged(Func<string, string> whole)
    {
        string[] names = [.. Weights.Select(whole)],
            distinct = [.. names.Distinct()];
        if (distinct.Length == names.Length)
            return this;
        var merged = new Effects(Kind, distinct, Options, Steps, Images, Cotangents);
        int options = Options.Count,
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
        var half = new Effects(Kind, Weights, Options, Steps, images.Length, cotangents.Length);
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
        ((((((((long)image * Cotangents) + cotangent) * Steps.Count) + step) * Weights.Count) + weight) * Options.Count)
        + option;
}
