namespace Qua2SeDiMo.Predictors.Training;

/// <summary>
/// Differentiable ranks (Blondel, Teboul, Berthet, Djolonga, ICML 2020): the exact projection of the values onto the
/// permutahedron with l2 regularisation of strength 1, by pooling adjacent violators. Values more than 1 apart get
/// their plain ranks.
/// </summary>
internal sealed class SoftRank
{
    private int[] order = [];
    private double[] sorted = [];
    private int[] blockEnd = [];
    private double[] blockMean = [];
    private int blocks;

    /// <summary>Computes ascending soft ranks: the largest value gets a rank near n.</summary>
    /// <param name="values">Values to rank.</param>
    /// <param name="ranks">Destination of the same length.</param>
    public void Forward(ReadOnlySpan<double> values, Span<double> ranks)
    {
        int n = values.Length;
        order = new int[n];
        sorted = new double[n];
        blockEnd = new int[n];
        blockMean = new double[n];
        for (int i = 0; i < n; i++)
        {
            order[i] = i;
            sorted[i] = -values[i];
        }
        Array.Sort(sorted, order);
        // Finds the non-increasing v nearest to s − (n, n − 1, …, 1), where s are the values in descending order.
        blocks = 0;
        for (int i = 0; i < n; i++)
        {
            double mean = -sorted[i] - (n - i);
            int size = 1;
            while (blocks > 0 && blockMean[blocks - 1] <= mean)
            {
                int previous = blockEnd[blocks - 1] - (blocks > 1 ? blockEnd[blocks - 2] : 0);
                mean = ((mean * size) + (blockMean[blocks - 1] * previous)) / (size + previous);
                size += previous;
                blocks--;
            }
            blockMean[blocks] = mean;
            blockEnd[blocks++] = i + 1;
        }
        for (int block = 0, i = 0; block < blocks; block++)
        {
            for (; i < blockEnd[block]; i++)
                ranks[order[i]] = -sorted[i] - blockMean[block];
        }
    }

    /// <summary>Gradient of the values, given the gradient of the ranks: inside each pooled block the mean is
    /// subtracted.</summary>
    public void Backward(ReadOnlySpan<double> rankGradient, Span<double> gradient)
    {
        for (int block = 0, start = 0; block < blocks; start = blockEnd[block++])
        {
            double mean = 0;
            for (int i = start; i < blockEnd[block]; i++)
                mean += rankGradient[order[i]];
            mean /= blockEnd[block] - start;
            for (int i = start; i < blockEnd[block]; i++)
                gradient[order[i]] = rankGradient[order[i]] - mean;
        }
    }
}
