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
    private readonly float[][] samples;
    private readonly double[][] roots;

    private Interactions(int optionCount, float[][] samples, double[][] roots, double share)
    {
        (this.optionCount, this.samples, this.roots) = (optionCount, samples, roots);
        Share = share;
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
        double agreement = Agreement(Samples(halves.First), Samples(halves.Second), effects.Options.Count);
        // Spearman and Brown: what two halves agree in, all of it agrees in with itself more.
        double share = 2 * agreement / (1 + agreement);
        double[][] roots =
        [
            .. Enumerable
                .Range(0, effects.Images)
                .Select(image =>
                    Each(effects, (weight, option) => Math.Sqrt(effects.Damage(image, weight, option).Mean))
                ),
        ];
        return new Interactions(effects.Options.Count, Samples(effects), roots, share);
    }

    /// <summary>Mean over images of the logarithm of the damage of each mixture, as in <see cref="MixtureDamage.Order"/>.
    /// Mixtures that follow one another and differ in few weights cost little.</summary>
    /// <param name="mixtures">Index of the option of every weight, −1 for full precision.</param>
    public IReadOnlyList<double> Orders(IReadOnlyList<IReadOnlyList<int>> mixtures)
    {
        ArgumentNullException.ThrowIfNull(mixtures);
        double[] orders = new double[mixtures.Count];
        if (orders.Length == 0)
            return orders;
        int[]?[] last = new int[]?[roots.Length];
        double[][] sums = [.. roots.Select(_ => new double[samples.Length])];
        double[] alone = new double[roots.Length];
        for (int mixture = 0; mixture < orders.Length; mixture++)
        {
            double total = 0;
            for (int image = 0; image < roots.Length; image++)
            {
                last[image] = Move(image, last[image], mixtures[mixture], sums[image], ref alone[image]);
                double together = TensorPrimitives.SumOfSquares<double>(sums[image]) / samples.Length;
                double damage = (Share * together) + ((1 - Share) * alone[image]);
                total += IsUntouched(mixtures[mixture])
                    ? double.NegativeInfinity
                    : Math.Log(Math.Max(damage, Smallest));
            }
            orders[mixture] = total / roots.Length;
        }
        return orders;
    }

    // Takes out the options that go, and adds those that come.
    private int[] Move(int image, int[]? from, IReadOnlyList<int> to, double[] sums, ref double alone)
    {
        int[] now = [.. to];
        for (int weight = 0; weight < now.Length; weight++)
        {
            if (from is not null && from[weight] == now[weight])
                continue;
            if (from is not null && from[weight] >= 0)
                Add(image, (weight * optionCount) + from[weight], -1, sums, ref alone);
            if (now[weight] >= 0)
                Add(image, (weight * optionCount) + now[weight], 1, sums, ref alone);
        }
        return now;
    }

    private static bool IsUntouched(IReadOnlyList<int> mixture) => mixture.All(option => option < 0);

    private void Add(int image, int place, int sign, double[] sums, ref double alone)
    {
        double root = roots[image][place];
        alone += sign * root * root;
        for (int sample = 0; sample < sums.Length; sample++)
            sums[sample] += sign * root * samples[sample][place];
    }

    // One row for each image and cotangent, and step where calls were looked at alone; columns have mean square 1 for
    // each image, so that every image counts alike.
    private static float[][] Samples(Effects effects)
    {
        int steps = effects.Kind == EffectKind.CallProducts ? effects.Steps.Count : 1;
        var rows = new List<float[]>(effects.Images * effects.Cotangents * steps);
        for (int image = 0; image < effects.Images; image++)
        {
            int of = image;
            float[][] own =
            [
                .. Enumerable
                    .Range(0, effects.Cotangents * steps)
                    .Select(draw =>
                        Each(
                                effects,
                                (weight, option) => Product(effects, of, draw / steps, draw % steps, weight, option)
                            )
                            .Select(value => (float)value)
                            .ToArray()
                    ),
            ];
            Normalize(own);
            rows.AddRange(own);
        }
        return [.. rows];
    }

    private static double Product(Effects effects, int image, int cotangent, int step, int weight, int option)
    {
        if (effects.Kind == EffectKind.CallProducts)
            return effects[image, cotangent, step, weight, option];
        double sum = 0;
        for (int at = 0; at < effects.Steps.Count; at++)
            sum += effects[image, cotangent, at, weight, option];
        return sum;
    }

    private static void Normalize(float[][] rows)
    {
        for (int column = 0; column < rows[0].Length; column++)
        {
            double square = 0;
            foreach (float[] row in rows)
                square += (double)row[column] * row[column];
            float scale = square > 0 ? (float)(1 / Math.Sqrt(square / rows.Length)) : 0;
            foreach (float[] row in rows)
                row[column] *= scale;
        }
    }

    // Σ ρ₁ρ₂ / ½ Σ (ρ₁² + ρ₂²) over pairs of different weights: noise of the halves is independent.
    private static double Agreement(float[][] first, float[][] second, int optionCount)
    {
        int columns = first[0].Length;
        float[][] a = Columns(first),
            b = Columns(second);
        double[] shared = new double[columns],
            own = new double[columns];
        Parallel.For(
            0,
            columns,
            left =>
            {
                for (int right = (left / optionCount * optionCount) + optionCount; right < columns; right++)
                {
                    double one = TensorPrimitives.Dot<float>(a[left], a[right]) / first.Length,
                        two = TensorPrimitives.Dot<float>(b[left], b[right]) / second.Length;
                    shared[left] += one * two;
                    own[left] += ((one * one) + (two * two)) / 2;
                }
            }
        );
        double all = own.Sum();
        return all > 0 ? Math.Clamp(shared.Sum() / all, 0, 1) : 0;
    }

    private static float[][] Columns(float[][] rows) =>
        [.. Enumerable.Range(0, rows[0].Length).Select(column => rows.Select(row => row[column]).ToArray())];

    private static double[] Each(Effects effects, Func<int, int, double> value)
    {
        double[] all = new double[effects.Weights.Count * effects.Options.Count];
        for (int place = 0; place < all.Length; place++)
            all[place] = value(place / effects.Options.Count, place % effects.Options.Count);
        return all;
    }
}
