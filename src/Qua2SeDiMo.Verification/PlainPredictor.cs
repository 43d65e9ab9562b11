using Qua2SeDiMo.Predictors.Data;
using Qua2SeDiMo.Predictors.Network;
using Qua2SeDiMo.Predictors.Training;

namespace Qua2SeDiMo.Verification;

/// <summary>The whole predictor on a <see cref="PlainTape"/>: a double-precision reference implementation of
/// <see cref="PredictorNetwork"/>.</summary>
internal sealed class PlainPredictor
{
    private readonly PredictorShape shape;
    private readonly GraphStructure structure;
    private readonly PredictorParameters layout;
    private readonly Dictionary<string, (double[] First, double[] Second)> moments = new(StringComparer.Ordinal);
    private int steps;

    /// <summary>Creates a copy with the arrays of a network.</summary>
    /// <param name="shape">Widths and tables.</param>
    /// <param name="structure">The graphs of the batch; one row of features per node.</param>
    /// <param name="arrays">Names, shapes and initial values.</param>
    public PlainPredictor(PredictorShape shape, GraphStructure structure, PredictorParameters arrays)
    {
        (this.shape, this.structure, layout) = (shape, structure, arrays);
        Load();
    }

    public PlainTape Tape { get; } = new();

    /// <summary>Prediction of each graph after <see cref="Forward"/>; its gradient has to be set before the backward
    /// pass.</summary>
    public PlainMatrix Prediction { get; private set; } = new(0, 1);

    /// <summary>Graph embeddings of each hop after <see cref="Forward"/>; their gradients have to be set before the
    /// backward pass.</summary>
    public PlainMatrix[] Embeddings { get; private set; } = [];

    /// <summary>Copies the network's current values.</summary>
    public void Load()
    {
        foreach (ParameterSlice slice in layout.Slices)
            Tape.Set(slice.Name, slice.Shape, [.. layout.Of(slice).ToArray().Select(value => (double)value)]);
    }

    /// <summary>Embeds and predicts.</summary>
    /// <param name="features">[node, column]: method, bits, reduction, error, positions.</param>
    /// <param name="train">Whether to normalise by the statistics of the batch.</param>
    public void Forward(ReadOnlySpan<float> features, bool train)
    {
        Tape.Begin();
        PlainMatrix h = Encode(features.ToArray(), train);
        Embeddings = new PlainMatrix[PredictorTopology.HopCount];
        Embeddings[0] = Tape.Mean(h, structure.Pool[0]);
        for (int m = 1; m < PredictorTopology.HopCount; m++)
        {
            PlainMatrix next = Tape.Relu(Tape.Norm($"hop{m}.bn", Tape.Attention($"hop{m}", h, structure), train));
            h = m == 1 ? next : Tape.Add(next, h);
            Embeddings[m] = Tape.Mean(h, structure.Pool[m]);
        }
        PlainMatrix hidden = Tape.Relu(Tape.Linear("head.linear1", Tape.Linear("head.linear0", Embeddings[^1])));
        hidden = Tape.Relu(Tape.Linear("head.linear3", Tape.Linear("head.linear2", hidden)));
        Prediction = Tape.Linear("head.output", hidden);
    }

    /// <summary>Forward in train mode, loss and backward.</summary>
    /// <returns>The loss.</returns>
    public double Backward(RankingLoss loss, ReadOnlySpan<float> features, ReadOnlySpan<double> targets)
    {
        Forward(features, train: true);
        double[][] norms =
        [
            .. Embeddings.Select(embedding =>
                Enumerable.Range(0, embedding.Rows).Select(g => Norm(embedding.Row(g))).ToArray()
            ),
        ];
        double[][] slopes = [.. norms.Select(values => new double[values.Length])];
        double value = loss.Evaluate(Prediction.Values, norms, targets, Prediction.Gradient, slopes);
        foreach (int hop in loss.Hops)
        {
            PlainMatrix embedding = Embeddings[hop];
            for (int i = 0; i < embedding.Values.Length; i++)
                embedding.Gradient[i] = Math.Sign(embedding.Values[i]) * slopes[hop][i / embedding.Columns];
        }
        Tape.Backward();
        return value;
    }

    /// <summary>One step of AdamW (β 0.9 and 0.999, ε 1e-8) with the current gradients multiplied by
    /// <paramref name="times"/>.</summary>
    public void Step(double rate, double weightDecay, double times)
    {
        steps++;
        foreach (ParameterSlice slice in layout.Slices.Where(slice => slice.Trained))
        {
            PlainMatrix parameter = Tape.Parameters[slice.Name];
            if (!moments.TryGetValue(slice.Name, out (double[] First, double[] Second) moment))
                moments[slice.Name] = moment = (new double[slice.Length], new double[slice.Length]);
            for (int i = 0; i < slice.Length; i++)
            {
                double gradient = parameter.Gradient[i] * times;
                moment.First[i] = (0.9 * moment.First[i]) + (0.1 * gradient);
                moment.Second[i] = (0.999 * moment.Second[i]) + (0.001 * gradient * gradient);
                double size = Math.Sqrt(moment.Second[i] / (1 - Math.Pow(0.999, steps))) + 1e-8;
                parameter.Values[i] =
                    (parameter.Values[i] * (1 - (rate * weightDecay)))
                    - (rate * moment.First[i] / (1 - Math.Pow(0.9, steps)) / size);
            }
        }
    }

    /// <summary>The values of an array, rounded to single precision.</summary>
    public float[] Rounded(string name) => [.. Tape.Parameters[name].Values.Select(value => (float)value)];

    /// <summary>The gradient of an array, rounded to single precision.</summary>
    public float[] RoundedGradient(string name) => [.. Tape.Parameters[name].Gradient.Select(value => (float)value)];

    private static double Norm(ReadOnlySpan<double> values)
    {
        double sum = 0;
        foreach (double value in values)
            sum += Math.Abs(value);
        return sum;
    }

    private PlainMatrix Encode(float[] features, bool train)
    {
        int columns = 4 + shape.Positions.Count,
            nodes = structure.NodeCount;
        PlainMatrix[] parts =
        [
            Tape.Lookup("encoder.method_embedding", Codes(0, 0)),
            Tape.Lookup("encoder.bit_embedding", Codes(1, 0)),
            Tape.Linear("encoder.ratio", Column(2)),
            Tape.Linear("encoder.error", Column(3)),
            .. shape.Positions.Select(
                (position, p) => Tape.Lookup($"encoder.{position.Name}_embedding", Codes(4 + p, position.Shift))
            ),
        ];
        PlainMatrix x = Tape.Relu(Tape.Norm("encoder.mix.bn0", Tape.Concatenate(parts), train));
        x = Tape.Relu(Tape.Norm("encoder.mix.bn1", Tape.Linear("encoder.mix.linear0", x), train));
        return Tape.Relu(Tape.Norm("encoder.mix.bn2", Tape.Linear("encoder.mix.linear1", x), train));

        int[] Codes(int column, int shift) =>
            [.. Enumerable.Range(0, nodes).Select(v => (int)features[(v * columns) + column] + shift)];
        PlainMatrix Column(int column) =>
            new(nodes, 1, [.. Enumerable.Range(0, nodes).Select(v => (double)features[(v * columns) + column])]);
    }
}
