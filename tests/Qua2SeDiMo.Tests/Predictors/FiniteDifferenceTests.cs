using Qua2SeDiMo.Numerics;
using Qua2SeDiMo.Predictors;
using Xunit;
using Xunit.Abstractions;

namespace Qua2SeDiMo.Tests.Predictors;

/// <summary>Gradients against differences of the loss itself, array by array, for every layer.</summary>
public class FiniteDifferenceTests(ITestOutputHelper output)
{
    // A large step crosses kinks of the activations, a small one drowns in rounding: the better of several counts.
    private static readonly float[] Steps = [1e-2f, 3e-3f, 1e-3f, 3e-4f];

    [Fact]
    public void Shared_rows_give_the_gradients_of_separate_graphs()
    {
        (PredictorTopology topology, StudyRows rows) = Example();
        RowBatch shared = new RowBatch(rows.Plan).Select([0, 1, 2, 3, 4]);
        var structure = new GraphStructure([.. Enumerable.Repeat((topology.NodeCount, topology.Edges, topology.HopNodes), 5)]);
        RowLevel all = rows.Plan.Levels[0];
        int[] features = [.. Enumerable.Range(0, 25).Select(v => rows.Plan.Features[all.RowOf[((v % 5) * 5) + (v / 5)]])];
        RowBatch separate = new RowBatch(RowPlan.Build(structure, 1, features, 4)).SelectAll();
        double[] targets = [1, 3, 1, 2, 5];
        float[][] gradients = [.. new[] { shared, separate }.Select(batch =>
        {
            using var network = new PredictorNetwork(new PredictorShape(topology.Positions, 16, 24), threads: 1);
            network.Initialize(3);
            double loss = new BatchLoss(new RankingLoss(PredictorLoss.Srcc, [0, 1, 2, 3, 4])).Backward(network, batch, rows.Features, targets);
            output.WriteLine($"{string.Join(" ", batch.Levels.Select(level => level.RowCount))} rows: loss {loss}");
            foreach (ParameterSlice slice in network.Parameters.Slices.Where(slice => slice.Trained)) names[slice.Offset] = slice;
            return network.Parameters.Gradients.ToArray();
        })];
        foreach (ParameterSlice slice in names.Values)
        {
            double worst = 0, largest = 1e-4;
            for (int i = slice.Offset; i < slice.Offset + slice.Length; i++)
            {
                worst = Math.Max(worst, Math.Abs(gradients[0][i] - gradients[1][i]));
                largest = Math.Max(largest, Math.Abs(gradients[1][i]));
            }
            Assert.True(worst < 1e-5 * Math.Max(1, largest), $"{slice.Name}: {worst} of {largest}");
        }
    }

    private readonly SortedDictionary<int, ParameterSlice> names = [];

    // Five nodes, three weights of three options, five trials of which two are equal, so that rows are shared and counted.
    private static (PredictorTopology Topology, StudyRows Rows) Example()
    {
        var topology = new PredictorTopology([0, -1, 1, -1, 2], [new PositionColumn("block", 3, 1), new PositionColumn("layer", 4, 0)],
            [-1, 0, 0, 1, 0, 2, 1, 1, 1, 3], [(0, 1), (1, 2), (0, 3), (2, 3), (3, 4), (1, 4)], [[0, 2, 4], null, [2, 4], [3, 4], null]);
        OptionCode[] options = [new("uaq-4", 1, 1), new("kmeans-c-3", 2, 2), new("kmeans-a-3", 3, 2)];
        var features = new OptionFeatures(options, [100, 200, 400], [25, 20, 21, 55, 45, 41, 101, 80, 77], [0.01, 0.03, 0.02, 0.05, 0.02, 0.04, 0.01, 0.06, 0.02], 16);
        return (topology, new StudyRows(topology, features, [[0, 1, 2], [1, 2, 0], [0, 1, 2], [2, 0, 1], [1, 1, 1]]));
    }

    [Fact]
    public void Gradients_of_every_array_agree_with_differences_of_the_loss()
    {
        (PredictorTopology topology, StudyRows rows) = Example();
        RowBatch batch = new RowBatch(rows.Plan).Select([0, 1, 2, 3, 4]);
        Assert.Equal(11, batch.Levels[0].RowCount);
        using var network = new PredictorNetwork(new PredictorShape(topology.Positions, 16, 32), threads: 1);
        network.Initialize(3);
        var random = new Pcg32(8);
        float[] weights = [.. Enumerable.Range(0, 5).Select(_ => (float)random.NextNormal())];
        float[][] hopWeights = [.. Enumerable.Range(0, 5).Select(m => Enumerable.Range(0, 5 * network.WidthOf(m)).Select(_ => (float)random.NextNormal()).ToArray())];

        Loss();
        for (int m = 0; m < 5; m++)
        {
            for (int g = 0; g < 5; g++) hopWeights[m].AsSpan(g * network.WidthOf(m), network.WidthOf(m)).CopyTo(network.GraphEmbeddingGradient(m, g));
        }
        network.Parameters.Gradients.AsSpan().Clear();
        network.Backward(rows.Features, weights);
        float[] gradients = [.. network.Parameters.Gradients];
        foreach (ParameterSlice slice in network.Parameters.Slices.Where(slice => slice.Trained))
        {
            // Along a random direction of the whole array: one difference checks all its entries.
            float[] direction = [.. Enumerable.Range(0, slice.Length).Select(_ => random.Next(2) == 0 ? -1f : 1f)];
            float[] start = network.Parameters.Of(slice).ToArray();
            double slope = 0, size = 0;
            for (int i = 0; i < start.Length; i++)
            {
                slope += (double)gradients[slice.Offset + i] * direction[i];
                size += (double)gradients[slice.Offset + i] * gradients[slice.Offset + i];
            }
            double[] differences = [.. Steps.Select(step => step / MathF.Sqrt(start.Length)).Select(step => (Moved(step) - Moved(-step)) / (2 * step))];
            double difference = differences.MinBy(value => Math.Abs(value - slope));
            start.CopyTo(network.Parameters.Of(slice));
            output.WriteLine($"{slice.Name}: {slope:G5} and {difference:G5}, length {Math.Sqrt(size):G4}");
            Assert.True(Math.Abs(slope - difference) < (0.04 * Math.Sqrt(size)) + 0.01, $"{slice.Name}: gradient {slope}, differences {string.Join(", ", differences)}");

            double Moved(float by)
            {
                for (int i = 0; i < start.Length; i++) network.Parameters.Of(slice)[i] = start[i] + (by * direction[i]);
                return Loss();
            }
        }

        double Loss()
        {
            (float[], float[]) kept = network.Parameters.Snapshot();
            network.Forward(batch, rows.Features, train: true);
            network.Parameters.Restore(kept);
            double loss = 0;
            for (int g = 0; g < 5; g++)
            {
                loss += (double)weights[g] * network.Prediction[g];
                for (int m = 0; m < 5; m++)
                {
                    ReadOnlySpan<float> embedding = network.GraphEmbedding(m, g);
                    for (int j = 0; j < embedding.Length; j++) loss += (double)hopWeights[m][(g * embedding.Length) + j] * embedding[j];
                }
            }
            return loss;
        }
    }
}
