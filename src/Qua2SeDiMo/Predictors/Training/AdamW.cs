using System.Numerics;
using Qua2SeDiMo.Predictors.Network;

namespace Qua2SeDiMo.Predictors.Training;

/// <summary>Adam with decoupled weight decay (Loshchilov and Hutter, ICLR 2019); β 0.9 and 0.999, ε 1e-8.</summary>
internal sealed class AdamW(int count, double weightDecay)
{
    private const double Beta1 = 0.9;
    private const double Beta2 = 0.999;
    private const double Epsilon = 1e-8;

    private readonly float[] first = new float[count];
    private readonly float[] second = new float[count];
    private int steps;

    /// <summary>Number of steps taken.</summary>
    public int Steps => steps;

    /// <summary>A copy of the first and second moments.</summary>
    public NetworkWeights Snapshot() => new([.. first], [.. second]);

    /// <summary>Restores the moments of a <see cref="Snapshot"/> and the number of steps.</summary>
    public void Restore(NetworkWeights moments, int stepsTaken)
    {
        moments.First.CopyTo(first, 0);
        moments.Second.CopyTo(second, 0);
        steps = stepsTaken;
    }

    /// <summary>Takes one step with this learning rate.</summary>
    public void Step(Span<float> values, ReadOnlySpan<float> gradients, double rate)
    {
        steps++;
        double correction1 = 1 - Math.Pow(Beta1, steps),
            correction2 = Math.Sqrt(1 - Math.Pow(Beta2, steps));
        float keep = (float)(1 - (rate * weightDecay)),
            size = (float)(rate / correction1),
            inverse = (float)(1 / correction2);
        int lanes = Vector<float>.Count,
            i = 0;
        var decay = new Vector<float>(keep);
        for (; i + lanes <= values.Length; i += lanes)
        {
            var gradient = new Vector<float>(gradients[i..]);
            Vector<float> m = (new Vector<float>(first, i) * (float)Beta1) + (gradient * (float)(1 - Beta1));
            Vector<float> v =
                (new Vector<float>(second, i) * (float)Beta2) + (gradient * gradient * (float)(1 - Beta2));
            m.CopyTo(first, i);
            v.CopyTo(second, i);
            Vector<float> step = m * size / ((Vector.SquareRoot(v) * inverse) + new Vector<float>((float)Epsilon));
            ((new Vector<float>(values[i..]) * decay) - step).CopyTo(values[i..]);
        }
        for (; i < values.Length; i++)
        {
            first[i] = (first[i] * (float)Beta1) + (gradients[i] * (float)(1 - Beta1));
            second[i] = (second[i] * (float)Beta2) + (gradients[i] * gradients[i] * (float)(1 - Beta2));
            values[i] = (values[i] * keep) - (size * first[i] / ((MathF.Sqrt(second[i]) * inverse) + (float)Epsilon));
        }
    }
}
