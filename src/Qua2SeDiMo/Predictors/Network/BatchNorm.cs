using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Qua2SeDiMo.Numerics;
using Qua2SeDiMo.Predictors.Data;

namespace Qua2SeDiMo.Predictors.Network;

/// <summary>
/// Batch normalisation over rows (Ioffe and Szegedy, 2015): y = (x − mean)/√(var + ε)·γ + β. A row may represent
/// several equal ones: its count is its weight in the statistics, and its gradient is the sum over the equal ones.
/// Statistics and sums are made per chunk of rows and joined in order.
/// </summary>
internal sealed unsafe class BatchNorm : IDisposable
{
    private const double Epsilon = 1e-5;
    private const double Momentum = 0.1;

    private readonly PredictorParameters parameters;
    private readonly ParameterSlice gamma,
        beta,
        runningMean,
        runningVariance;
    private readonly FloatBuffer vectors;
    private readonly FloatBuffer partials = new();
    private readonly double[] chunkWeight = new double[RowLevel.ChunkCount];
    private readonly int width;

    public BatchNorm(PredictorParameters parameters, string name, int width)
    {
        this.parameters = parameters;
        this.width = width;
        Stride = MatrixProduct.Padded(width);
        gamma = parameters.Add($"{name}.weight", trained: true, width);
        beta = parameters.Add($"{name}.bias", trained: true, width);
        runningMean = parameters.Add($"{name}.running_mean", trained: false, width);
        runningVariance = parameters.Add($"{name}.running_var", trained: false, width);
        parameters.Of(gamma).Fill(1f);
        parameters.Of(runningVariance).Fill(1f);
        vectors = new FloatBuffer(6L * Stride);
        partials.Reserve(2L * Stride * RowLevel.ChunkCount);
    }

    /// <summary>Floats between two rows.</summary>
    public int Stride { get; }

    private float* Scale => vectors.Pointer;
    private float* Shift => vectors.Pointer + Stride;
    private float* Mean => vectors.Pointer + (2 * Stride);
    private float* InverseDeviation => vectors.Pointer + (3 * Stride);

    // Backward: dx = scale·dy − count·(meanTerm + (x − mean)·slopeTerm).
    private float* MeanTerm => vectors.Pointer + (4 * Stride);
    private float* SlopeTerm => vectors.Pointer + (5 * Stride);

    /// <summary>Statistics of the rows of one chunk.</summary>
    public void ChunkStatistics(int chunk, float* x, ReadOnlySpan<float> counts)
    {
        float* mean = partials.Pointer + (2L * Stride * chunk);
        float* squares = mean + Stride;
        double weight = 0;
        foreach (float count in counts)
            weight += count;
        chunkWeight[chunk] = weight;
        new Span<float>(mean, 2 * Stride).Clear();
        if (weight == 0)
            return;
        // Deviations are taken from the first row, so that a constant channel has exactly zero variance.
        for (int row = 1; row < counts.Length; row++)
        {
            Vector512<float> count = Vector512.Create(counts[row]);
            float* values = x + ((long)row * Stride);
            for (int j = 0; j < Stride; j += 16)
            {
                Vector512<float> difference = Vector512.Load(values + j) - Vector512.Load(x + j);
                Vector512.FusedMultiplyAdd(count, difference, Vector512.Load(mean + j)).Store(mean + j);
            }
        }
        Vector512<float> share = Vector512.Create((float)(1 / weight));
        for (int j = 0; j < Stride; j += 16)
            Vector512.FusedMultiplyAdd(Vector512.Load(mean + j), share, Vector512.Load(x + j)).Store(mean + j);
        for (int row = 0; row < counts.Length; row++)
        {
            Vector512<float> count = Vector512.Create(counts[row]);
            float* values = x + ((long)row * Stride);
            for (int j = 0; j < Stride; j += 16)
            {
                Vector512<float> centred = Vector512.Load(values + j) - Vector512.Load(mean + j);
                Vector512.FusedMultiplyAdd(count * centred, centred, Vector512.Load(squares + j)).Store(squares + j);
            }
        }
    }

    /// <summary>Joins the statistics of the chunks (Chan, Golub and LeVeque, 1979), updates the running statistics and
    /// prepares <see cref="NormalizeReluRow"/>.</summary>
    public void FinishStatistics(int chunks)
    {
        Span<float> keptMean = parameters.Of(runningMean),
            keptVariance = parameters.Of(runningVariance);
        for (int j = 0; j < width; j++)
        {
            double weight = 0,
                mean = 0,
                squares = 0;
            for (int chunk = 0; chunk < chunks; chunk++)
            {
                double added = chunkWeight[chunk];
                if (added == 0)
                    continue;
                double difference = partials.Pointer[(2L * Stride * chunk) + j] - mean;
                double total = weight + added;
                squares +=
                    partials.Pointer[(2L * Stride * chunk) + Stride + j]
                    + (difference * difference * weight * added / total);
                mean += difference * added / total;
                weight = total;
            }
            double variance = squares / weight;
            keptMean[j] = (float)(((1 - Momentum) * keptMean[j]) + (Momentum * mean));
            keptVariance[j] = (float)(
                ((1 - Momentum) * keptVariance[j]) + (Momentum * squares / Math.Max(1, weight - 1))
            );
            Set(j, mean, variance);
        }
    }

    /// <summary>Prepares <see cref="NormalizeReluRow"/> with the running statistics (evaluation).</summary>
    public void UseRunningStatistics()
    {
        for (int j = 0; j < width; j++)
            Set(j, parameters.Of(runningMean)[j], parameters.Of(runningVariance)[j]);
    }

    /// <summary>y = max(0, normalised x), plus <paramref name="residual"/> where that is not null; one row.</summary>
    public void NormalizeReluRow(float* x, float* residual, float* y)
    {
        for (int j = 0; j < Stride; j += 16)
        {
            Vector512<float> value = Vector512.Max(
                Vector512.FusedMultiplyAdd(Vector512.Load(x + j), Vector512.Load(Scale + j), Vector512.Load(Shift + j)),
                Vector512<float>.Zero
            );
            if (residual is not null)
                value += Vector512.Load(residual + j);
            value.Store(y + j);
        }
    }

    /// <summary>y = normalised x without an activation, one row.</summary>
    public void NormalizeRow(float* x, float* y)
    {
        for (int j = 0; j < Stride; j += 16)
        {
            Vector512
                .FusedMultiplyAdd(Vector512.Load(x + j), Vector512.Load(Scale + j), Vector512.Load(Shift + j))
                .Store(y + j);
        }
    }

    /// <summary>Clears the sums of a chunk for the backward pass.</summary>
    public void BeginSums(int chunk) => new Span<float>(partials.Pointer + (2L * Stride * chunk), 2 * Stride).Clear();

    /// <summary>
    /// Adds adjacent rows to a chunk's sums of dy and dy·(x − mean). With <paramref name="relu"/>, dy counts only where
    /// the normalised value is positive.
    /// </summary>
    public void SumRows(int chunk, float* x, float* dy, int rows, bool relu)
    {
        float* sums = partials.Pointer + (2L * Stride * chunk);
        for (int j = 0; j < Stride; j += 16)
        {
            Vector512<float> sum = Vector512.Load(sums + j),
                product = Vector512.Load(sums + Stride + j);
            Vector512<float> scale = Vector512.Load(Scale + j),
                shift = Vector512.Load(Shift + j),
                mean = Vector512.Load(Mean + j);
            float* value = x + j,
                slope = dy + j;
            for (int row = 0; row < rows; row++, value += Stride, slope += Stride)
            {
                Vector512<float> input = Vector512.Load(value),
                    gradient = Vector512.Load(slope);
                if (relu)
                    gradient = Masked(input, gradient, scale, shift);
                sum += gradient;
                product = Vector512.FusedMultiplyAdd(gradient, input - mean, product);
            }
            sum.Store(sums + j);
            product.Store(sums + Stride + j);
        }
    }

    /// <summary>Adds the gradients of γ and β and prepares the terms of <see cref="BackwardRows"/>.</summary>
    /// <param name="chunks">Chunks that were summed.</param>
    /// <param name="train">Whether the statistics came from the batch and so depend on x.</param>
    /// <param name="totalCount">Number of rows of the batch, equal ones counted separately.</param>
    public void FinishSums(int chunks, bool train, double totalCount)
    {
        Span<float> gammaGradient = parameters.GradientOf(gamma),
            betaGradient = parameters.GradientOf(beta);
        for (int j = 0; j < width; j++)
        {
            double sum = 0,
                product = 0;
            for (int chunk = 0; chunk < chunks; chunk++)
            {
                sum += partials.Pointer[(2L * Stride * chunk) + j];
                product += partials.Pointer[(2L * Stride * chunk) + Stride + j];
            }
            betaGradient[j] += (float)sum;
            gammaGradient[j] += (float)(product * InverseDeviation[j]);
            MeanTerm[j] = train ? (float)(Scale[j] * sum / totalCount) : 0;
            SlopeTerm[j] = train
                ? (float)(Scale[j] * product * InverseDeviation[j] * InverseDeviation[j] / totalCount)
                : 0;
        }
    }

    /// <summary>γ/√(variance + ε) · ε/(variance + ε). Scaling a channel by 1 + δ changes its normalised value by this
    /// times (x − mean) · δ; without ε, batch normalisation would remove the change completely.</summary>
    public double RestOfScale(int channel) =>
        Scale[channel] * Epsilon * InverseDeviation[channel] * InverseDeviation[channel];

    /// <summary>dx of adjacent rows, after <see cref="FinishSums"/>; <paramref name="dx"/> may be the same memory as
    /// <paramref name="dy"/>.</summary>
    public void BackwardRows(float* x, float* dy, ReadOnlySpan<float> counts, float* dx, bool relu)
    {
        for (int j = 0; j < Stride; j += 16)
        {
            Vector512<float> scale = Vector512.Load(Scale + j),
                shift = Vector512.Load(Shift + j),
                mean = Vector512.Load(Mean + j);
            Vector512<float> slopeTerm = Vector512.Load(SlopeTerm + j),
                meanTerm = Vector512.Load(MeanTerm + j);
            long at = j;
            foreach (float count in counts)
            {
                Vector512<float> input = Vector512.Load(x + at),
                    gradient = Vector512.Load(dy + at);
                if (relu)
                    gradient = Masked(input, gradient, scale, shift);
                Vector512<float> common = Vector512.FusedMultiplyAdd(input - mean, slopeTerm, meanTerm);
                Vector512.FusedMultiplyAdd(gradient, scale, -(Vector512.Create(count) * common)).Store(dx + at);
                at += Stride;
            }
        }
    }

    /// <summary>dy where the normalised value is positive, 0 elsewhere: the gradient before the ReLU.</summary>
    public void MaskRows(float* x, float* dy, int rows, float* masked)
    {
        for (int j = 0; j < Stride; j += 16)
        {
            Vector512<float> scale = Vector512.Load(Scale + j),
                shift = Vector512.Load(Shift + j);
            for (long at = j; at < (long)rows * Stride; at += Stride)
                Masked(Vector512.Load(x + at), Vector512.Load(dy + at), scale, shift).Store(masked + at);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        vectors.Dispose();
        partials.Dispose();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Masked(
        Vector512<float> x,
        Vector512<float> dy,
        Vector512<float> scale,
        Vector512<float> shift
    ) => dy & Vector512.GreaterThan(Vector512.FusedMultiplyAdd(x, scale, shift), Vector512<float>.Zero);

    private void Set(int j, double mean, double variance)
    {
        double inverse = 1 / Math.Sqrt(variance + Epsilon);
        double scale = parameters.Of(gamma)[j] * inverse;
        Scale[j] = (float)scale;
        Shift[j] = (float)(parameters.Of(beta)[j] - (mean * scale));
        Mean[j] = (float)mean;
        InverseDeviation[j] = (float)inverse;
    }
}
