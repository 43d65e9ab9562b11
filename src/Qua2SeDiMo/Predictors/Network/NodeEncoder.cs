using Qua2SeDiMo.Numerics;
using Qua2SeDiMo.Predictors.Data;

namespace Qua2SeDiMo.Predictors.Network;

/// <summary>
/// Maps raw node features to the 0-hop embedding (method.md, section 6): four universal features of width 5 and each
/// position of width 10, side by side → norm → ReLU → Linear 64 → norm → ReLU → Linear → norm → ReLU. Runs over
/// distinct (node, option) rows only.
/// </summary>
internal sealed unsafe class NodeEncoder : IDisposable
{
    private const int UniversalWidth = 5;
    private const int PositionWidth = 10;
    private const int MiddleWidth = 64;

    private readonly PredictorParameters parameters;
    private readonly IReadOnlyList<PositionColumn> positions;
    private readonly ParameterSlice method,
        bits,
        ratioWeight,
        ratioBias,
        errorWeight,
        errorBias;
    private readonly ParameterSlice[] positionTables;
    private readonly BatchNorm[] norms = new BatchNorm[3];
    private readonly Dense[] linears = new Dense[2];
    private readonly int inputWidth;

    // Rows before and after each normalisation, and scratch for gradients.
    private readonly FloatBuffer[] before = [new(), new(), new()];
    private readonly FloatBuffer[] after = [new(), new(), new()];
    private readonly FloatBuffer[] gradient = [new(), new(), new()];
    private float[] counts = [];
    private int rows;

    public NodeEncoder(PredictorParameters parameters, IReadOnlyList<PositionColumn> positions, int outputWidth)
    {
        this.parameters = parameters;
        this.positions = positions;
        inputWidth = (4 * UniversalWidth) + (PositionWidth * positions.Count);
        method = parameters.Add(
            "encoder.method_embedding",
            trained: true,
            OptionFeatures.MethodTableSize,
            UniversalWidth
        );
        bits = parameters.Add("encoder.bit_embedding", trained: true, OptionFeatures.BitTableSize, UniversalWidth);
        ratioWeight = parameters.Add("encoder.ratio.weight", trained: true, UniversalWidth, 1);
        ratioBias = parameters.Add("encoder.ratio.bias", trained: true, UniversalWidth);
        errorWeight = parameters.Add("encoder.error.weight", trained: true, UniversalWidth, 1);
        errorBias = parameters.Add("encoder.error.bias", trained: true, UniversalWidth);
        positionTables =
        [
            .. positions.Select(p =>
                parameters.Add($"encoder.{p.Name}_embedding", trained: true, p.Size, PositionWidth)
            ),
        ];
        norms[0] = new BatchNorm(parameters, "encoder.mix.bn0", inputWidth);
        linears[0] = new Dense(parameters, inputWidth, MiddleWidth, "encoder.mix.linear0");
        norms[1] = new BatchNorm(parameters, "encoder.mix.bn1", MiddleWidth);
        linears[1] = new Dense(parameters, MiddleWidth, outputWidth, "encoder.mix.linear1");
        norms[2] = new BatchNorm(parameters, "encoder.mix.bn2", outputWidth);
    }

    /// <summary>Number of columns of the raw feature table: method, bits, reduction, error, then positions.</summary>
    public int FeatureCount => 4 + positions.Count;

    /// <summary>Floats between two output rows.</summary>
    public int Stride => norms[2].Stride;

    /// <summary>The 0-hop embeddings, one row per row of level 0.</summary>
    public float* Output => after[2].Pointer;

    /// <summary>Encodes the chosen rows of a raw feature table.</summary>
    /// <param name="features">Raw features, [table row, column], see <see cref="FeatureCount"/>.</param>
    /// <param name="chosen">Table row of each output row.</param>
    /// <param name="rowCounts">Number of occurrences of each output row in the batch.</param>
    /// <param name="train">Whether to normalise by the statistics of the batch.</param>
    public void Forward(
        ReadOnlySpan<float> features,
        ReadOnlySpan<int> chosen,
        ReadOnlySpan<float> rowCounts,
        bool train
    )
    {
        rows = chosen.Length;
        if (counts.Length < rows)
            counts = new float[rows];
        rowCounts.CopyTo(counts);
        for (int stage = 0; stage < 3; stage++)
        {
            before[stage].Reserve((long)rows * norms[stage].Stride);
            after[stage].Reserve((long)rows * norms[stage].Stride);
        }
        Concatenate(features, chosen);
        for (int stage = 0; stage < 3; stage++)
        {
            if (stage > 0)
            {
                linears[stage - 1].Pack(train);
                linears[stage - 1].Forward(after[stage - 1].Pointer, before[stage].Pointer, rows);
            }
            if (train)
            {
                norms[stage].ChunkStatistics(0, before[stage].Pointer, rowCounts);
                norms[stage].FinishStatistics(1);
            }
            else
            {
                norms[stage].UseRunningStatistics();
            }
            int stride = norms[stage].Stride;
            for (long row = 0; row < rows; row++)
            {
                norms[stage]
                    .NormalizeReluRow(
                        before[stage].Pointer + (row * stride),
                        null,
                        after[stage].Pointer + (row * stride)
                    );
            }
        }
    }

    /// <summary>Adds the gradients of all encoder parameters.</summary>
    /// <param name="features">The table given to <see cref="Forward"/>.</param>
    /// <param name="chosen">The rows given to <see cref="Forward"/>.</param>
    /// <param name="upstream">Gradient of each output row, summed over its occurrences; overwritten.</param>
    /// <param name="train">Whether the statistics came from the batch.</param>
    public void Backward(ReadOnlySpan<float> features, ReadOnlySpan<int> chosen, float* upstream, bool train)
    {
        double total = 0;
        for (int row = 0; row < rows; row++)
            total += counts[row];
        for (int stage = 2; stage >= 0; stage--)
        {
            BatchNorm norm = norms[stage];
            int stride = norm.Stride;
            float* slope = gradient[stage].Reserve((long)rows * stride);
            norm.BeginSums(0);
            norm.MaskRows(before[stage].Pointer, upstream, rows, slope);
            norm.SumRows(0, before[stage].Pointer, slope, rows, relu: false);
            norm.FinishSums(1, train, total);
            if (stage == 0 && train)
                LineGradients(features, chosen, slope);
            norm.BackwardRows(before[stage].Pointer, slope, counts.AsSpan(0, rows), slope, relu: false);
            if (stage == 0)
                break;
            Dense linear = linears[stage - 1];
            if (!train)
                linear.Pack(forTraining: true);
            linear.BeginGradient(1);
            linear.AddGradient(0, after[stage - 1].Pointer, slope, rows);
            linear.FinishGradient(1, train ? Dense.BiasGradient.Zero : Dense.BiasGradient.Own);
            upstream = gradient[stage - 1].Reserve((long)rows * linear.InStride);
            linear.BackwardInput(slope, upstream, rows, add: false);
        }
        Scatter(features, chosen, gradient[0].Pointer, train);
    }

    /// <summary>Draws the embedding tables from the standard normal distribution, the rest like PyTorch's
    /// Linear.</summary>
    public void Initialize(Pcg32 random)
    {
        foreach (ParameterSlice table in (ParameterSlice[])[method, bits, .. positionTables])
        {
            foreach (ref float value in parameters.Of(table))
                value = (float)random.NextNormal();
        }
        foreach (ParameterSlice line in (ParameterSlice[])[ratioWeight, ratioBias, errorWeight, errorBias])
        {
            foreach (ref float value in parameters.Of(line))
                value = (float)((2 * random.NextDouble()) - 1);
        }
        linears[0].Initialize(random, 1 / Math.Sqrt(inputWidth), zeroBias: false);
        linears[1].Initialize(random, 1 / Math.Sqrt(MiddleWidth), zeroBias: false);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (BatchNorm norm in norms)
            norm.Dispose();
        foreach (Dense linear in linears)
            linear.Dispose();
        foreach (FloatBuffer buffer in (FloatBuffer[])[.. before, .. after, .. gradient])
            buffer.Dispose();
    }

    private double Mean(ReadOnlySpan<float> features, ReadOnlySpan<int> chosen, int column)
    {
        double sum = 0,
            total = 0;
        for (int row = 0; row < rows; row++)
        {
            sum += counts[row] * (double)features[(chosen[row] * FeatureCount) + column];
            total += counts[row];
        }
        return sum / total;
    }

    // BatchNorm follows, so dL/db = 0 and dL/dw is scaled by ε/(variance + ε); summing the raw terms would cancel to
    // rounding noise.
    private void LineGradients(ReadOnlySpan<float> features, ReadOnlySpan<int> chosen, float* slope)
    {
        int stride = norms[0].Stride;
        for (int column = 2; column < 4; column++)
        {
            double mean = Mean(features, chosen, column);
            Span<float> result = parameters.GradientOf(column == 2 ? ratioWeight : errorWeight);
            for (int j = 0; j < UniversalWidth; j++)
            {
                int channel = (column * UniversalWidth) + j;
                double sum = 0;
                for (int row = 0; row < rows; row++)
                {
                    sum +=
                        slope[((long)row * stride) + channel]
                        * (features[(chosen[row] * FeatureCount) + column] - mean);
                }
                result[j] += (float)(sum * norms[0].RestOfScale(channel));
            }
        }
    }

    private void Concatenate(ReadOnlySpan<float> features, ReadOnlySpan<int> chosen)
    {
        int stride = norms[0].Stride;
        ReadOnlySpan<float> methods = parameters.Of(method),
            bitRows = parameters.Of(bits);
        ReadOnlySpan<float> ratio = parameters.Of(ratioWeight),
            ratioOffset = parameters.Of(ratioBias);
        ReadOnlySpan<float> error = parameters.Of(errorWeight),
            errorOffset = parameters.Of(errorBias);
        for (int row = 0; row < chosen.Length; row++)
        {
            ReadOnlySpan<float> raw = features.Slice(chosen[row] * FeatureCount, FeatureCount);
            var output = new Span<float>(before[0].Pointer + ((long)row * stride), stride);
            methods.Slice((int)raw[0] * UniversalWidth, UniversalWidth).CopyTo(output);
            bitRows.Slice((int)raw[1] * UniversalWidth, UniversalWidth).CopyTo(output[UniversalWidth..]);
            for (int j = 0; j < UniversalWidth; j++)
            {
                output[(2 * UniversalWidth) + j] = (ratio[j] * raw[2]) + ratioOffset[j];
                output[(3 * UniversalWidth) + j] = (error[j] * raw[3]) + errorOffset[j];
            }
            for (int p = 0; p < positions.Count; p++)
            {
                ReadOnlySpan<float> table = parameters.Of(positionTables[p]);
                table
                    .Slice(((int)raw[4 + p] + positions[p].Shift) * PositionWidth, PositionWidth)
                    .CopyTo(output[((4 * UniversalWidth) + (p * PositionWidth))..]);
            }
            output[inputWidth..].Clear();
        }
    }

    private void Scatter(ReadOnlySpan<float> features, ReadOnlySpan<int> chosen, float* slope, bool train)
    {
        int stride = norms[0].Stride;
        for (int row = 0; row < chosen.Length; row++)
        {
            ReadOnlySpan<float> raw = features.Slice(chosen[row] * FeatureCount, FeatureCount);
            var part = new ReadOnlySpan<float>(slope + ((long)row * stride), stride);
            Add(parameters.GradientOf(method).Slice((int)raw[0] * UniversalWidth, UniversalWidth), part, 1);
            Add(
                parameters.GradientOf(bits).Slice((int)raw[1] * UniversalWidth, UniversalWidth),
                part[UniversalWidth..],
                1
            );
            if (!train)
            {
                Add(parameters.GradientOf(ratioWeight), part[(2 * UniversalWidth)..], raw[2]);
                Add(parameters.GradientOf(ratioBias), part[(2 * UniversalWidth)..], 1);
                Add(parameters.GradientOf(errorWeight), part[(3 * UniversalWidth)..], raw[3]);
                Add(parameters.GradientOf(errorBias), part[(3 * UniversalWidth)..], 1);
            }
            for (int p = 0; p < positions.Count; p++)
            {
                Add(
                    parameters
                        .GradientOf(positionTables[p])
                        .Slice(((int)raw[4 + p] + positions[p].Shift) * PositionWidth, PositionWidth),
                    part[((4 * UniversalWidth) + (p * PositionWidth))..],
                    1
                );
            }
        }
    }

    private static void Add(Span<float> sum, ReadOnlySpan<float> x, float times)
    {
        for (int j = 0; j < sum.Length; j++)
            sum[j] += times * x[j];
    }
}
