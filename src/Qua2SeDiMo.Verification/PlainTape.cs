using Qua2SeDiMo.Predictors.Data;
using Qua2SeDiMo.Predictors.Network;

namespace Qua2SeDiMo.Verification;

/// <summary>
/// The predictor's operators in double precision, written directly from their formulas, with one row per node of every
/// graph. Each operator records its backward step. It is the slow reference for the fast layers and shares no code with
/// them.
/// </summary>
internal sealed class PlainTape
{
    private const double Epsilon = 1e-5,
        Momentum = 0.1,
        NegativeSlope = 0.2;

    private readonly Dictionary<string, PlainMatrix> parameters = new(StringComparer.Ordinal);
    private readonly Stack<Action> steps = new();
    private readonly List<(int Index, double Distance)> nearKinks = [];
    private ulong sides;
    private int inputs;

    /// <summary>All arrays by name: trained ones and running statistics.</summary>
    public IReadOnlyDictionary<string, PlainMatrix> Parameters => parameters;

    /// <summary>
    /// A hash of the side of its kink on which each activation input has fallen since <see cref="Begin"/>. Between two
    /// points of equal hash the function is smooth (almost certainly), so that finite differences approximate
    /// derivatives.
    /// </summary>
    public ulong Sides => sides;

    /// <summary>Activation inputs since <see cref="Begin"/> that lie within <see cref="Rounding"/> of their kink,
    /// nearest first: in single precision they may fall on either side. Numbered in order of evaluation.</summary>
    public IReadOnlyList<int> NearKinks => [.. nearKinks.OrderBy(near => near.Distance).Select(near => near.Index)];

    /// <summary>Activation inputs that are treated as if they fell on the other side of their kink.</summary>
    public HashSet<int> Flipped { get; } = [];

    /// <summary>Largest error of an activation input in single precision, relative to the largest input of the
    /// layer.</summary>
    public const double Rounding = 5e-6;

    /// <summary>Sets an array; the last extent is its row length.</summary>
    public void Set(string name, IReadOnlyList<int> shape, ReadOnlySpan<double> values) =>
        parameters[name] = new PlainMatrix(values.Length / shape[^1], shape[^1], values.ToArray());

    /// <summary>Clears the last evaluation and all gradients.</summary>
    public void Begin()
    {
        steps.Clear();
        sides = 14695981039346656037;
        nearKinks.Clear();
        inputs = 0;
        foreach (PlainMatrix parameter in parameters.Values)
            parameter.Gradient.AsSpan().Clear();
    }

    /// <summary>Propagates the gradients set in results back to all parameters.</summary>
    public void Backward()
    {
        while (steps.TryPop(out Action? step))
            step();
    }

    /// <summary>Looks up rows of a table.</summary>
    public PlainMatrix Lookup(string name, int[] codes)
    {
        PlainMatrix table = parameters[name];
        var y = new PlainMatrix(codes.Length, table.Columns);
        for (int row = 0; row < codes.Length; row++)
            table.Row(codes[row]).CopyTo(y.Row(row));
        steps.Push(() =>
        {
            for (int row = 0; row < codes.Length; row++)
                Accumulate(table.GradientRow(codes[row]), y.GradientRow(row), 1);
        });
        return y;
    }

    /// <summary>Concatenates matrices along their columns.</summary>
    public PlainMatrix Concatenate(params PlainMatrix[] parts)
    {
        var y = new PlainMatrix(parts[0].Rows, parts.Sum(part => part.Columns));
        Each((part, row, at) => part.Row(row).CopyTo(y.Row(row)[at..]));
        steps.Push(() =>
            Each((part, row, at) => Accumulate(part.GradientRow(row), y.GradientRow(row).Slice(at, part.Columns), 1))
        );
        return y;

        void Each(Action<PlainMatrix, int, int> visit)
        {
            int at = 0;
            foreach (PlainMatrix part in parts)
            {
                for (int row = 0; row < part.Rows; row++)
                    visit(part, row, at);
                at += part.Columns;
            }
        }
    }

    /// <summary>x·Wᵀ + b.</summary>
    public PlainMatrix Linear(string name, PlainMatrix x)
    {
        PlainMatrix weight = parameters[name + ".weight"],
            bias = parameters[name + ".bias"];
        int width = bias.Values.Length;
        var y = new PlainMatrix(x.Rows, width);
        for (int row = 0; row < x.Rows; row++)
        {
            for (int o = 0; o < width; o++)
                y.Row(row)[o] = bias.Values[o] + Dot(weight.Row(o), x.Row(row));
        }
        steps.Push(() =>
        {
            for (int row = 0; row < x.Rows; row++)
            {
                Accumulate(bias.Gradient, y.GradientRow(row), 1);
                for (int o = 0; o < width; o++)
                {
                    double slope = y.GradientRow(row)[o];
                    Accumulate(weight.GradientRow(o), x.Row(row), slope);
                    Accumulate(x.GradientRow(row), weight.Row(o), slope);
                }
            }
        });
        return y;
    }

    /// <summary>Batch normalisation of every column. In train mode it uses the statistics of the batch and updates the
    /// running ones.</summary>
    public PlainMatrix Norm(string name, PlainMatrix x, bool train)
    {
        PlainMatrix gamma = parameters[name + ".weight"],
            beta = parameters[name + ".bias"];
        PlainMatrix keptMean = parameters[name + ".running_mean"],
            keptVariance = parameters[name + ".running_var"];
        var y = new PlainMatrix(x.Rows, x.Columns);
        double[] normalised = new double[x.Values.Length],
            inverse = new double[x.Columns];
        int n = x.Rows;
        for (int j = 0; j < x.Columns; j++)
        {
            double mean = keptMean.Values[j],
                variance = keptVariance.Values[j];
            if (train)
            {
                double sum = 0,
                    squares = 0;
                for (int row = 0; row < n; row++)
                    sum += x.Row(row)[j];
                mean = sum / n;
                for (int row = 0; row < n; row++)
                    squares += (x.Row(row)[j] - mean) * (x.Row(row)[j] - mean);
                variance = squares / n;
                keptMean.Values[j] += Momentum * (mean - keptMean.Values[j]);
                keptVariance.Values[j] += Momentum * ((squares / Math.Max(1, n - 1)) - keptVariance.Values[j]);
            }
            inverse[j] = 1 / Math.Sqrt(variance + Epsilon);
            for (int row = 0; row < n; row++)
            {
                normalised[(row * x.Columns) + j] = (x.Row(row)[j] - mean) * inverse[j];
                y.Row(row)[j] = (normalised[(row * x.Columns) + j] * gamma.Values[j]) + beta.Values[j];
            }
        }
        steps.Push(() =>
        {
            for (int j = 0; j < x.Columns; j++)
            {
                double sum = 0,
                    product = 0;
                for (int row = 0; row < n; row++)
                {
                    sum += y.GradientRow(row)[j];
                    product += y.GradientRow(row)[j] * normalised[(row * x.Columns) + j];
                }
                beta.Gradient[j] += sum;
                gamma.Gradient[j] += product;
                for (int row = 0; row < n; row++)
                {
                    double common = train ? (sum + (normalised[(row * x.Columns) + j] * product)) / n : 0;
                    x.GradientRow(row)[j] += gamma.Values[j] * inverse[j] * (y.GradientRow(row)[j] - common);
                }
            }
        });
        return y;
    }

    /// <summary>max(0, x).</summary>
    public PlainMatrix Relu(PlainMatrix x)
    {
        var y = new PlainMatrix(x.Rows, x.Columns);
        bool[] positive = Sided(x.Values);
        for (int i = 0; i < x.Values.Length; i++)
            y.Values[i] = positive[i] ? x.Values[i] : 0;
        steps.Push(() =>
        {
            for (int i = 0; i < x.Values.Length; i++)
                x.Gradient[i] += positive[i] ? y.Gradient[i] : 0;
        });
        return y;
    }

    /// <summary>Sum of two matrices.</summary>
    public PlainMatrix Add(PlainMatrix a, PlainMatrix b)
    {
        var y = new PlainMatrix(a.Rows, a.Columns);
        for (int i = 0; i < y.Values.Length; i++)
            y.Values[i] = a.Values[i] + b.Values[i];
        steps.Push(() =>
        {
            Accumulate(a.Gradient, y.Gradient, 1);
            Accumulate(b.Gradient, y.Gradient, 1);
        });
        return y;
    }

    /// <summary>Graph attention; see <see cref="GatV2Layer"/>.</summary>
    public PlainMatrix Attention(string name, PlainMatrix x, GraphStructure structure)
    {
        var edges = new EdgeAttention(
            Linear(name + ".source", x),
            Linear(name + ".target", x),
            parameters[name + ".attention"],
            parameters[name + ".bias"],
            structure
        );
        PlainMatrix y = edges.Forward(Sided(edges.Inputs));
        steps.Push(() => edges.Backward(y));
        return y;
    }

    /// <summary>Mean over the given nodes of each graph.</summary>
    public PlainMatrix Mean(PlainMatrix x, int[][] chosen)
    {
        var y = new PlainMatrix(chosen.Length, x.Columns);
        for (int g = 0; g < chosen.Length; g++)
        {
            foreach (int v in chosen[g])
                Accumulate(y.Row(g), x.Row(v), 1.0 / chosen[g].Length);
        }
        steps.Push(() =>
        {
            for (int g = 0; g < chosen.Length; g++)
            {
                foreach (int v in chosen[g])
                    Accumulate(x.GradientRow(v), y.GradientRow(g), 1.0 / chosen[g].Length);
            }
        });
        return y;
    }

    // Determines which inputs of an activation count as positive.
    private bool[] Sided(double[] values)
    {
        double largest = values.Length == 0 ? 0 : values.Max(Math.Abs);
        bool[] positive = new bool[values.Length];
        for (int i = 0; i < values.Length; i++, inputs++)
        {
            positive[i] = values[i] > 0 ^ Flipped.Contains(inputs);
            sides = (sides ^ (positive[i] ? 1UL : 2UL)) * 1099511628211;
            double distance = Math.Abs(values[i]) / largest;
            if (distance < Rounding)
                nearKinks.Add((inputs, distance));
        }
        return positive;
    }

    private static double Dot(ReadOnlySpan<double> a, ReadOnlySpan<double> b)
    {
        double sum = 0;
        for (int i = 0; i < a.Length; i++)
            sum += a[i] * b[i];
        return sum;
    }

    private static void Accumulate(Span<double> sum, ReadOnlySpan<double> x, double times)
    {
        for (int i = 0; i < sum.Length; i++)
            sum[i] += times * x[i];
    }

    // Attention over the edges of all graphs: the inputs of the activation and the attention weight of each edge.
    private sealed class EdgeAttention
    {
        private readonly PlainMatrix source,
            target,
            attention,
            bias;
        private readonly GraphStructure structure;
        private readonly int width;

        // The activation's slope at each input, and each edge's attention weight.
        private readonly double[] steep,
            alpha;

        public EdgeAttention(
            PlainMatrix source,
            PlainMatrix target,
            PlainMatrix attention,
            PlainMatrix bias,
            GraphStructure structure
        )
        {
            (this.source, this.target, this.attention, this.bias) = (source, target, attention, bias);
            this.structure = structure;
            width = bias.Values.Length;
            Inputs = new double[structure.InNode.Length * width];
            steep = new double[Inputs.Length];
            alpha = new double[structure.InNode.Length];
            for (int v = 0; v < source.Rows; v++)
            {
                for (int e = structure.InStart[v]; e < structure.InStart[v + 1]; e++)
                {
                    for (int j = 0; j < width; j++)
                        Inputs[(e * width) + j] = source.Row(structure.InNode[e])[j] + target.Row(v)[j];
                }
            }
        }

        /// <summary>Inputs of the activation, <c>[edge][column]</c>.</summary>
        public double[] Inputs { get; }

        public PlainMatrix Forward(bool[] positive)
        {
            for (int i = 0; i < steep.Length; i++)
                steep[i] = positive[i] ? 1 : NegativeSlope;
            var y = new PlainMatrix(source.Rows, width);
            for (int v = 0; v < source.Rows; v++)
            {
                double total = 0;
                for (int e = structure.InStart[v]; e < structure.InStart[v + 1]; e++)
                    total += alpha[e] = Math.Exp(Score(e));
                bias.Values.CopyTo(y.Row(v));
                for (int e = structure.InStart[v]; e < structure.InStart[v + 1]; e++)
                    Accumulate(y.Row(v), source.Row(structure.InNode[e]), alpha[e] /= total);
            }
            return y;
        }

        public void Backward(PlainMatrix y)
        {
            for (int v = 0; v < source.Rows; v++)
            {
                Accumulate(bias.Gradient, y.GradientRow(v), 1);
                double mean = 0;
                for (int e = structure.InStart[v]; e < structure.InStart[v + 1]; e++)
                    mean += alpha[e] * Dot(y.GradientRow(v), source.Row(structure.InNode[e]));
                for (int e = structure.InStart[v]; e < structure.InStart[v + 1]; e++)
                {
                    int from = structure.InNode[e];
                    double slope = alpha[e] * (Dot(y.GradientRow(v), source.Row(from)) - mean);
                    Accumulate(source.GradientRow(from), y.GradientRow(v), alpha[e]);
                    for (int j = 0; j < width; j++)
                    {
                        double part = slope * steep[(e * width) + j];
                        attention.Gradient[j] += part * Inputs[(e * width) + j];
                        source.GradientRow(from)[j] += part * attention.Values[j];
                        target.GradientRow(v)[j] += part * attention.Values[j];
                    }
                }
            }
        }

        private double Score(int edge)
        {
            double score = 0;
            for (int j = 0; j < width; j++)
                score += attention.Values[j] * steep[(edge * width) + j] * Inputs[(edge * width) + j];
            return score;
        }
    }
}
