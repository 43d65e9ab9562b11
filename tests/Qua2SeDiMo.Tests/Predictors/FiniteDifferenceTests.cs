using Qua2SeDiMo.Numerics;
using Qua2SeDiMo.Predictors.Data;
using Qua2SeDiMo.Predictors.Network;
using Qua2SeDiMo.Predictors.Training;
using Qua2SeDiMo.Verification;
using Xunit;
using Xunit.Abstractions;

namespace Qua2SeDiMo.Tests.Predictors;

/// <summary>
/// For every parameter array, compares the gradients of a double-precision twin with differences of the loss, and the
/// network's gradients with the twin's.
/// </summary>
public class FiniteDifferenceTests(ITestOutputHelper output)
{
    private const int Directions = 6;
    private const double Step = 1e-6;

    [Fact]
    public void Shared_rows_give_the_gradients_of_separate_graphs()
    {
        (PredictorTopology topology, StudyRows rows) = Example();
        RowBatch shared = new RowBatch(rows.Plan).Select([0, 1, 2, 3, 4]);
        var structure = new GraphStructure([
            .. Enumerable.Repeat((topology.NodeCount, topology.Edges, topology.HopNodes), 5),
        ]);
        RowLevel all = rows.Plan.Levels[0];
        int[] features =
        [
            .. Enumerable.Range(0, 25).Select(v => rows.Plan.Features[all.RowOf[((v % 5) * 5) + (v / 5)]]),
        ];
        RowBatch separate = new RowBatch(RowPlan.Build(structure, 1, features, 4)).SelectAll();
        double[] targets = [1, 3, 1, 2, 5];
        float[][] gradients =
        [
            .. new[] { shared, separate }.Select(batch =>
            {
                using var network = new PredictorNetwork(new PredictorShape(topology.Positions, 16, 24), threads: 1);
                network.Initialize(3);
                double loss = new BatchLoss(new RankingLoss(PredictorLoss.Srcc, [0, 1, 2, 3, 4])).Backward(
                    network,
                    batch,
                    rows.Features,
                    targets
                );
                output.WriteLine($"{string.Join(" ", batch.Levels.Select(level => level.RowCount))} rows: loss {loss}");
                foreach (ParameterSlice slice in network.Parameters.Slices.Where(slice => slice.Trained))
                    names[slice.Offset] = slice;
                return network.Parameters.Gradients.ToArray();
            }),
        ];
        foreach (ParameterSlice slice in names.Values)
        {
            double worst = 0,
                largest = 1e-4;
            for (int i = slice.Offset; i < slice.Offset + slice.Length; i++)
            {
                worst = Math.Max(worst, Math.Abs(gradients[0][i] - gradients[1][i]));
                largest = Math.Max(largest, Math.Abs(gradients[1][i]));
            }
            Assert.True(worst < 1e-5 * Math.Max(1, largest), $"{slice.Name}: {worst} of {largest}");
        }
    }

    private readonly SortedDictionary<int, ParameterSlice> names = [];

    // Five nodes, three weights with three options each, and five trials, two of them equal, so that rows are shared
    // and counted.
    private static (PredictorTopology Topology, StudyRows Rows) Example()
    {
        var topology = new PredictorTopology(
            [0, -1, 1, -1, 2],
            [new PositionColumn("block", 3, 1), new PositionColumn("layer", 4, 0)],
            [-1, 0, 0, 1, 0, 2, 1, 1, 1, 3],
            [(0, 1), (1, 2), (0, 3), (2, 3), (3, 4), (1, 4)],
            [
                [0, 2, 4],
                null,
                [2, 4],
                [3, 4],
                null,
            ]
        );
        OptionCode[] options = [new("uaq-4", 1, 1), new("kmeans-c-3", 2, 2), new("kmeans-a-3", 3, 2)];
        var features = new OptionFeatures(
            options,
            [100, 200, 400],
            [25, 20, 21, 55, 45, 41, 101, 80, 77],
            [0.01, 0.03, 0.02, 0.05, 0.02, 0.04, 0.01, 0.06, 0.02],
            16
        );
        return (
            topology,
            new StudyRows(
                topology,
                features,
                [
                    [0, 1, 2],
                    [1, 2, 0],
                    [0, 1, 2],
                    [2, 0, 1],
                    [1, 1, 1],
                ]
            )
        );
    }

    [Theory]
    [InlineData(24, true)]
    [InlineData(32, true)]
    [InlineData(64, true)]
    [InlineData(24, false)]
    public void Gradients_of_every_array_agree_with_differences_of_the_loss(int width, bool train)
    {
        using Twins twins = new(width, train);
        twins.Backward();
        double kept = 0,
            tried = 0;
        var gradients = twins.Trained.ToDictionary(
            slice => slice.Name,
            slice => (double[])[.. twins.Plain.Tape.Parameters[slice.Name].Gradient]
        );
        Assert.NotEmpty(twins.Trained);
        foreach (ParameterSlice slice in twins.Trained)
        {
            PlainMatrix parameter = twins.Plain.Tape.Parameters[slice.Name];
            double[] start = [.. parameter.Values],
                gradient = gradients[slice.Name];
            int smooth = 0;
            double worst = 0;
            for (int direction = 0; direction < Directions; direction++)
            {
                double[] along = [.. start.Select(_ => twins.Random.NextNormal() / Math.Sqrt(start.Length))];
                double slope = gradient.Zip(along, (g, d) => g * d).Sum(),
                    size = Math.Sqrt(gradient.Sum(g => g * g));
                double high = Moved(Step, out ulong above),
                    low = Moved(-Step, out ulong below);
                tried++;
                if (above != below)
                    continue;
                smooth++;
                worst = Math.Max(worst, Math.Abs(((high - low) / (2 * Step)) - slope) / (size + 1));
                start.CopyTo(parameter.Values, 0);

                double Moved(double by, out ulong sides)
                {
                    for (int i = 0; i < start.Length; i++)
                        parameter.Values[i] = start[i] + (by * along[i]);
                    double loss = twins.Loss();
                    sides = twins.Plain.Tape.Sides;
                    return loss;
                }
            }
            start.CopyTo(parameter.Values, 0);
            kept += smooth;
            output.WriteLine($"{slice.Name}: {smooth} of {Directions} directions without a kink, worst {worst:G2}");
            Assert.True(smooth > 0 && worst < 1e-6, $"{slice.Name}: {worst} over {smooth} directions");
        }
        Assert.True(kept > 0.9 * tried, $"{kept} of {tried} directions were smooth.");
    }

    [Theory]
    [InlineData(24)]
    [InlineData(32)]
    [InlineData(64)]
    public void Single_precision_gradients_agree_with_the_plain_twin(int width)
    {
        using Twins twins = new(width, train: true);
        twins.Backward();
        float[] gradients = twins.NetworkGradients();
        Assert.NotEmpty(twins.Trained);
        foreach (ParameterSlice slice in twins.Trained)
        {
            double[] expected = twins.Plain.Tape.Parameters[slice.Name].Gradient;
            double largest = Math.Max(1e-2, expected.Max(Math.Abs)),
                worst = expected.Select((g, i) => Math.Abs(g - gradients[slice.Offset + i])).Max();
            output.WriteLine($"{slice.Name}: {worst:G2} of {largest:G3}");
            Assert.True(worst < 1e-4 * largest, $"{slice.Name}: {worst} of {largest}");
        }
    }

    /// <summary>Differences of a single-precision loss can contradict a correct gradient: their steps cannot be small
    /// enough to stay between two kinks.</summary>
    [Fact]
    public void A_difference_over_a_large_step_is_wrong_only_where_it_crosses_a_kink()
    {
        using Twins twins = new(24, train: true);
        twins.Backward();
        PlainMatrix parameter = twins.Plain.Tape.Parameters["hop2.source.weight"];
        double[] start = [.. parameter.Values],
            gradient = [.. parameter.Gradient];
        int crossed = 0;
        for (int direction = 0; direction < 20; direction++)
        {
            double[] along = [.. start.Select(_ => (twins.Random.Next(2) == 0 ? -1 : 1) / Math.Sqrt(start.Length))];
            double slope = gradient.Zip(along, (g, d) => g * d).Sum();
            foreach (double step in new[] { 1e-2, 1e-3, 1e-4, 1e-5 })
            {
                double high = Moved(step),
                    low = 0;
                ulong above = twins.Plain.Tape.Sides;
                low = Moved(-step);
                bool smooth = above == twins.Plain.Tape.Sides;
                double error = Math.Abs(((high - low) / (2 * step)) - slope);
                if (!smooth)
                    crossed++;
                else
                    Assert.True(
                        error < 20 * step * step * Math.Sqrt(gradient.Sum(g => g * g)) / 1e-2 + 1e-6,
                        $"step {step}: {error}"
                    );
            }

            double Moved(double by)
            {
                for (int i = 0; i < start.Length; i++)
                    parameter.Values[i] = start[i] + (by * along[i]);
                return twins.Loss();
            }
        }
        output.WriteLine($"{crossed} of 80 differences crossed a kink");
        Assert.True(crossed > 0);
    }

    [Fact]
    public void Pairwise_gradients_are_differences_of_their_cost()
    {
        var random = new Pcg32(5);
        double[] relevance = [.. Enumerable.Range(0, 9).Select(i => Math.Round(random.NextDouble() * 50))],
            scores = [.. relevance.Select(_ => random.NextNormal())];
        double[] gradient = new double[9];
        LambdaRank.Add(scores, relevance, gradient);
        for (int i = 0; i < scores.Length; i++)
        {
            double high = Cost(i, 1e-6),
                low = Cost(i, -1e-6);
            Assert.Equal(gradient[i], (high - low) / 2e-6, 1e-6);
        }

        double Cost(int item, double by)
        {
            double[] moved = [.. scores];
            moved[item] += by;
            return LambdaRank.Add(moved, relevance, new double[9]);
        }
    }

    [Theory]
    [InlineData(PredictorLoss.Mse)]
    [InlineData(PredictorLoss.Srcc)]
    public void Gradients_of_a_training_loss_agree_with_its_differences(PredictorLoss kind)
    {
        using Twins twins = new(24, train: true);
        var loss = new RankingLoss(kind, [0, 1, 2, 3, 4]);
        double[] targets = [1, 3, 0.5, 2, 5];
        twins.Plain.Backward(loss, twins.Features, targets);
        Assert.NotEmpty(twins.Trained);
        foreach (ParameterSlice slice in twins.Trained)
        {
            PlainMatrix parameter = twins.Plain.Tape.Parameters[slice.Name];
            double[] start = [.. parameter.Values],
                gradient = [.. parameter.Gradient],
                along = [.. start.Select(_ => twins.Random.NextNormal() / Math.Sqrt(start.Length))];
            double high = Moved(Step),
                low = Moved(-Step);
            start.CopyTo(parameter.Values, 0);
            double slope = gradient.Zip(along, (g, d) => g * d).Sum();
            Assert.Equal(slope, (high - low) / (2 * Step), 1e-5 * (1 + Math.Abs(slope)));
            twins.Plain.Backward(loss, twins.Features, targets);

            double Moved(double by)
            {
                for (int i = 0; i < start.Length; i++)
                    parameter.Values[i] = start[i] + (by * along[i]);
                return twins.Plain.Backward(loss, twins.Features, targets);
            }
        }
    }

    // The network in both precisions with equal parameters on a batch of five graphs, and a loss that weights all
    // outputs.
    private sealed class Twins : IDisposable
    {
        private readonly PredictorNetwork network;
        private readonly RowBatch batch;
        private readonly bool train;
        private readonly double[] weights;
        private readonly double[][] hopWeights;

        public Twins(int width, bool train)
        {
            this.train = train;
            (PredictorTopology topology, StudyRows rows) = Example();
            var structure = new GraphStructure([
                .. Enumerable.Repeat((topology.NodeCount, topology.Edges, topology.HopNodes), 5),
            ]);
            RowLevel all = rows.Plan.Levels[0];
            int columns = 4 + topology.Positions.Count;
            Features =
            [
                .. Enumerable
                    .Range(0, 25)
                    .SelectMany(v =>
                        rows.Features.AsSpan(rows.Plan.Features[all.RowOf[((v % 5) * 5) + (v / 5)]] * columns, columns)
                            .ToArray()
                    ),
            ];
            batch = new RowBatch(RowPlan.Build(structure, 1, [.. Enumerable.Range(0, 25)], 4)).SelectAll();
            network = new PredictorNetwork(new PredictorShape(topology.Positions, 16, width), threads: 1);
            network.Initialize(3);
            foreach (
                ParameterSlice slice in network.Parameters.Slices.Where(slice =>
                    slice.Name.EndsWith("running_var", StringComparison.Ordinal)
                )
            )
                network.Parameters.Of(slice).Fill(1.5f);
            Plain = new PlainPredictor(network.Shape, structure, network.Parameters);
            weights = [.. Enumerable.Range(0, 5).Select(_ => (double)(float)Random.NextNormal())];
            hopWeights =
            [
                .. Enumerable
                    .Range(0, 5)
                    .Select(m =>
                        Enumerable
                            .Range(0, 5 * network.WidthOf(m))
                            .Select(_ => (double)(float)Random.NextNormal())
                            .ToArray()
                    ),
            ];
        }

        public float[] Features { get; }
        public PlainPredictor Plain { get; }
        public Pcg32 Random { get; } = new(8);
        public IEnumerable<ParameterSlice> Trained => network.Parameters.Slices.Where(slice => slice.Trained);

        public double Loss()
        {
            // Running statistics change in training mode, but are not read in that mode.
            Plain.Forward(Features, train);
            return Dot(Plain.Prediction.Values, weights)
                + Enumerable.Range(0, 5).Sum(m => Dot(Plain.Embeddings[m].Values, hopWeights[m]));
        }

        public void Backward()
        {
            Loss();
            weights.CopyTo(Plain.Prediction.Gradient, 0);
            for (int m = 0; m < 5; m++)
                hopWeights[m].CopyTo(Plain.Embeddings[m].Gradient, 0);
            Plain.Tape.Backward();
        }

        public float[] NetworkGradients()
        {
            network.Forward(batch, Features, train);
            for (int m = 0; m < 5; m++)
            {
                for (int g = 0; g < 5; g++)
                {
                    for (int j = 0; j < network.WidthOf(m); j++)
                        network.GraphEmbeddingGradient(m, g)[j] = (float)hopWeights[m][(g * network.WidthOf(m)) + j];
                }
            }
            network.Parameters.Gradients.AsSpan().Clear();
            network.Backward(Features, [.. weights.Select(weight => (float)weight)]);
            return network.Parameters.Gradients;
        }

        public void Dispose() => network.Dispose();

        private static double Dot(double[] a, double[] b) => a.Zip(b, (x, y) => x * y).Sum();
    }
}
