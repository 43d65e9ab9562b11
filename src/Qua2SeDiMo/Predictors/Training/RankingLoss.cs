namespace Qua2SeDiMo.Predictors.Training;

/// <summary>The training loss of a predictor (method.md, section 6).</summary>
public enum PredictorLoss
{
    /// <summary>Mean squared error of the prediction only.</summary>
    Mse,

    /// <summary>Mean squared error plus, per hop, 1 − Pearson(target, soft rank of the embedding's L1 norm).</summary>
    Srcc,

    /// <summary>Mean squared error, and the LambdaRank gradient on the norms of each hop.</summary>
    Ndcg,

    /// <summary>Mean squared error with both the terms of <see cref="Srcc"/> and <see cref="Ndcg"/>.</summary>
    Hybrid,
}

/// <summary>Value and gradient of the training loss of one batch.</summary>
internal sealed class RankingLoss
{
    private readonly SoftRank softRank = new();
    private readonly PredictorLoss kind;
    private readonly bool lambdaTrains;

    /// <param name="kind">The loss.</param>
    /// <param name="hops">Hops whose norms are ranked.</param>
    /// <param name="lambdaTrains">False to drop the LambdaRank gradient, as the published code does.</param>
    public RankingLoss(PredictorLoss kind, IReadOnlyList<int> hops, bool lambdaTrains = true)
    {
        this.kind = kind;
        Hops = hops;
        this.lambdaTrains = lambdaTrains;
    }

    public IReadOnlyList<int> Hops { get; }

    /// <summary>Computes the loss of a batch and its gradients.</summary>
    /// <param name="prediction">Head output of each graph.</param>
    /// <param name="norms">L1 norms of the graph embeddings, [hop][graph]; unused hops may be empty.</param>
    /// <param name="targets">Scaled targets.</param>
    /// <param name="predictionGradient">Gradient of the head output.</param>
    /// <param name="normGradients">Gradients of the norms, [hop][graph]; overwritten for used hops.</param>
    public double Evaluate(
        ReadOnlySpan<double> prediction,
        double[][] norms,
        ReadOnlySpan<double> targets,
        Span<double> predictionGradient,
        double[][] normGradients
    )
    {
        int n = targets.Length;
        double loss = 0;
        for (int i = 0; i < n; i++)
        {
            double difference = prediction[i] - targets[i];
            loss += difference * difference / n;
            predictionGradient[i] = 2 * difference / n;
        }
        foreach (int hop in Hops)
        {
            normGradients[hop].AsSpan(0, n).Clear();
            if (kind is PredictorLoss.Srcc or PredictorLoss.Hybrid)
            {
                double[] slope = new double[n];
                loss += (1 - SoftCorrelation(norms[hop].AsSpan(0, n), targets, slope)) / Hops.Count;
                for (int i = 0; i < n; i++)
                    normGradients[hop][i] -= slope[i] / Hops.Count;
            }
            if (lambdaTrains && (kind is PredictorLoss.Ndcg or PredictorLoss.Hybrid))
            {
                LambdaRank.Add(norms[hop].AsSpan(0, n), targets, normGradients[hop].AsSpan(0, n));
            }
        }
        return loss;
    }

    /// <summary>Pearson correlation of the targets with the soft ranks of the norms divided by n, and its gradient with
    /// respect to the norms; both 0 when targets or ranks are constant.</summary>
    public double SoftCorrelation(ReadOnlySpan<double> norms, ReadOnlySpan<double> targets, Span<double> gradient)
    {
        int n = norms.Length;
        double[] ranks = new double[n],
            rankGradient = new double[n];
        softRank.Forward(norms, ranks);
        double meanRank = ranks.Average() / n,
            meanTarget = 0;
        foreach (double target in targets)
            meanTarget += target / n;
        double rr = 0,
            tt = 0,
            rt = 0;
        for (int i = 0; i < n; i++)
        {
            double r = (ranks[i] / n) - meanRank,
                t = targets[i] - meanTarget;
            rr += r * r;
            tt += t * t;
            rt += r * t;
        }
        gradient.Clear();
        if (rr <= 0 || tt <= 0)
            return 0;
        double correlation = rt / Math.Sqrt(rr * tt);
        for (int i = 0; i < n; i++)
        {
            double r = (ranks[i] / n) - meanRank,
                t = targets[i] - meanTarget;
            rankGradient[i] = ((t / Math.Sqrt(rr * tt)) - (correlation * r / rr)) / n;
        }
        softRank.Backward(rankGradient, gradient);
        return correlation;
    }
}
