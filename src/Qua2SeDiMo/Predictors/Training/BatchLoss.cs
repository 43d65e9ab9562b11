using Qua2SeDiMo.Predictors.Data;
using Qua2SeDiMo.Predictors.Network;

namespace Qua2SeDiMo.Predictors.Training;

/// <summary>Forward, loss and backward of one batch in train mode.</summary>
internal sealed class BatchLoss
{
    private readonly RankingLoss loss;
    private double[][] norms = [];
    private double[][] normGradients = [];
    private double[] prediction = [];
    private double[] slope = [];
    private float[] predictionGradient = [];

    public BatchLoss(RankingLoss loss) => this.loss = loss;

    /// <summary>Replaces the network's gradients with those of this batch.</summary>
    /// <returns>The loss of the batch.</returns>
    public double Backward(
        PredictorNetwork network,
        RowBatch batch,
        ReadOnlySpan<float> features,
        ReadOnlySpan<double> targets
    )
    {
        int graphs = batch.GraphCount;
        if (predictionGradient.Length < graphs)
        {
            predictionGradient = new float[graphs];
            prediction = new double[graphs];
            slope = new double[graphs];
            norms = [.. Enumerable.Range(0, PredictorTopology.HopCount).Select(_ => new double[graphs])];
            normGradients = [.. Enumerable.Range(0, PredictorTopology.HopCount).Select(_ => new double[graphs])];
        }
        network.Parameters.Gradients.AsSpan().Clear();
        network.Forward(batch, features, train: true);
        foreach (int hop in loss.Hops)
            Norms(network, hop, norms[hop].AsSpan(0, graphs));
        for (int g = 0; g < graphs; g++)
            prediction[g] = network.Prediction[g];
        double value = loss.Evaluate(prediction.AsSpan(0, graphs), norms, targets, slope, normGradients);
        for (int g = 0; g < graphs; g++)
            predictionGradient[g] = (float)slope[g];
        foreach (int hop in loss.Hops)
        {
            for (int g = 0; g < graphs; g++)
            {
                ReadOnlySpan<float> embedding = network.GraphEmbedding(hop, g);
                Span<float> gradient = network.GraphEmbeddingGradient(hop, g);
                for (int j = 0; j < embedding.Length; j++)
                    gradient[j] = (float)(Math.Sign(embedding[j]) * normGradients[hop][g]);
            }
        }
        network.Backward(features, predictionGradient.AsSpan(0, graphs));
        return value;
    }

    /// <summary>L1 norm of every graph's embedding.</summary>
    public static void Norms(PredictorNetwork network, int hop, Span<double> result)
    {
        for (int g = 0; g < result.Length; g++)
        {
            double sum = 0;
            foreach (float value in network.GraphEmbedding(hop, g))
                sum += Math.Abs(value);
            result[g] = sum;
        }
    }
}
