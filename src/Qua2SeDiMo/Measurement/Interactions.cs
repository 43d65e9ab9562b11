using System.Numerics.Tensors;

namespace Qua2SeDiMo.Measurement;

/// <summary>
/// How the effects of weights add to or cancel each other in a mixture. Products of one cotangent hold signal and noise
/// of every pair of weights; the correlation of a pair is pooled over images and cotangents, and all correlations are
/// shrunk by the share in which two halves of the cotangents agree.
/// </summary>
/// <remarks>
/// Damage of a mixture to image i: Q_i = Σ_w q_iw + λ Σ_{w≠v} ρ_wv √(q_iw q_iv), with q the damage of one weight, ρ the
/// pooled correlation and λ the shrinkage (0: weights add up independently; 1: the sample correlations as they are). It
/// is computed from the pooled samples, not from the matrix of pairs: λ · mean_j (Σ_w z_jw √q_iw)² + (1 − λ) Σ_w q_iw,
/// where z_jw is the product of sample j with mean square 1.
/// </remarks>
internal sealed class Interactions
{
    private const double Smallest = 1e-300;
    private readonly int optionCount;
    private readonly int sampleCount;
    private readonly float[][] columns;
    private readonly double[][] roots;

    private Interactions(Effects effects, double share)
    {
        (optionCount, columns, Share) = (effects.Options.Count, Columns(effects), share);
        sampleCount = columns[0].Length;
        roots = [.. Enumerable.Range(0, effects.Images).Select(image => Roots(effects, image))];
    }

    /// <summary>λ, from 0 to 1: the share of the sample correlations that is signal.</summary>
    public double Share { get; }

    /// <summary>Estimates interactions from the products of a sketch.</summary>
    /// <param name="effects">Numbers of weights that have an option each.</param>
    /// <returns>Null where no cotangents were drawn, or one only.</returns>
    public static Interactions? Of(Effects effects)
    {
        ArgumentNullException.ThrowIfNull(effects);
        if (!effects.HasCotangents || effects.Cotangents < 2 || effects.Halves() is not { } halves)
            return null;
        double agreement = Agreement(Columns(halves.First), Columns(halves.Second), effects.Options.Count);
        // Spearman and Brown: what two halves agree in, all of it agrees in with itself more.
        return new Interactions(effects, 2 * agreement / (1 + agreement));
    }

    /// <summary>Mean over images of the logarithm of the damage of each mixture, as in <see cref="MixtureDamage.Order"/>.
    /// Mixtures that follow one another and differ in few weights cost little.</summary>
    /// <param name="mixtures">Index of the option of every weight, −1 for full precision.</param>
    public IReadOnlyList<double> Orders(IReadOnlyList<IReadOnlyList<int>> mixtures)
    {
        ArgumentNullException.ThrowIfNull(mixtures);
        double[] orders = new double[mixtures.Count];
        foreach (double[] root in roots)
        {
            double[] sums = new double[sampleCount];
            double alone = 0;
            IReadOnlyList<int>? last = null;
            for (int mixture = 0; mixture < orders.Length; mixture++)
            {
                IReadOnlyList<int> options = mixtures[mixture];
                Move(root, last, options, sums, ref alone);
                last = options;
                double together = TensorPrimitives.SumOfSquares<double>(sums) / sums.Length;
                double damage = (Share * together) + ((1 - Share) * alone);
                bool isUntouched = options.All(option => option < 0);
                orders[mixture] += isUntouched ? double.NegativeInfinity : Math.Log(Math.Max(damage, Smallest));
            }
        }
        for (int mixture = 0; mixture < orders.Length; mixture++)
            orders[mixture] /= roots.Length;
        return orders;
    }

    // Takes out the options that go, and adds those that come.
    private void Move(double[] root, IReadOnlyList<int>? from, IReadOnlyList<int> to, double[] sums, ref double alone)
    {
        for (int weight = 0; weight < to.Count; weight++)
        {
            int old = from?[weight] ?? -1;
            if (old == to[weight])
                continue;
            if (old >= 0)
                Add(root, (weight * optionCount) + old, -1, sums, ref alone);
            if (to[weight] >= 0)
                Add(root, (weight * optionCount) + to[weight], 1, sums, ref alone);
        }
    }

    private void Add(double[] root, int place, int sign, double[] sums, ref double alone)
    {
        alone += sign * root[place] * root[place];
        float[] column = columns[place];
        for (int sample = 0; sample < sums.Length; sample++)
            sums[sample] += sign * root[place] * column[sample];
    }

    // By weight and option: a number for each image and cotangent, and step where calls were looked at alone, with mean
    // square 1 for each image, so that every image counts alike.
    private static float[][] Columns(Effects effects)
    {
        int perImage = effects.Cotangents * (effects.Kind == EffectKind.CallProducts ? effects.Steps.Count : 1);
        float[][] columns = new float[effects.Weights.Count * effects.Options.Count][];
        for (int place = 0; place < columns.Length; place++)
        {
            (int weight, int option) = Math.DivRem(place, effects.Options.Count);
            columns[place] = new float[effects.Images * perImage];
            for (int image = 0; image < effects.Images; image++)
                Fill(columns[place].AsSpan(image * perImage, perImage), effects, image, weight, option);
        }
        return columns;
    }

    private static void Fill(Span<float> numbers, Effects effects, int image, int weight, int option)
    {
        int steps = effects.Steps.Count;
        bool isPerStep = effects.Kind == EffectKind.CallProducts;
        for (int cotangent = 0; cotangent < effects.Cotangents; cotangent++)
        {
            double sum = 0;
            for (int step = 0; step < steps; step++)
            {
                double product = effects[image, cotangent, step, weight, option];
                sum += product;
                if (isPerStep)
                    numbers[(cotangent * steps) + step] = (float)product;
            }
            if (!isPerStep)
                numbers[cotangent] = (float)sum;
        }
        double square = 0;
        foreach (float number in numbers)
            square += (double)number * number;
        float scale = square > 0 ? (float)(1 / Math.Sqrt(square / numbers.Length)) : 0;
        TensorPrimitives.Multiply(numbers, scale, numbers);
    }

    private static double[] Roots(Effects effects, int image)
    {
        double[] roots = new double[effects.Weights.Count * effects.Options.Count];
        for (int place = 0; place < roots.Length; place++)
        {
            (int weight, int option) = Math.DivRem(place, effects.Options.Count);
            roots[place] = Math.Sqrt(effects.Damage(image, weight, option).Mean);
        }
        return roots;
    }

    // Σ ρ₁ρ₂ / ½ Σ (ρ₁² + ρ₂²) over pairs of different weights: noise of the halves is independent.
    private static double Agreement(float[][] first, float[][] second, int optionCount)
    {
        int samples = first[0].Length;
        double[] shared = new double[first.Length],
            own = new double[first.Length];
        Parallel.For(
            0,
            first.Length,
            left =>
            {
                for (int right = (left / optionCount * optionCount) + optionCount; right < first.Length; right++)
                {
                    double one = TensorPrimitives.Dot<float>(first[left], first[right]) / samples,
                        two = TensorPrimitives.Dot<float>(second[left], second[right]) / samples;
                    shared[left] += one * two;
                    own[left] += ((one * one) + (two * two)) / 2;
                }
            }
        );
        double all = own.Sum();
        return all > 0 ? Math.Clamp(shared.Sum() / all, 0, 1) : 0;
    }
}
