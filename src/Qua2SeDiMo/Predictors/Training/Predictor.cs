using System.Globalization;
using Qua2SeDiMo.Predictors.Data;
using Qua2SeDiMo.Predictors.Network;

namespace Qua2SeDiMo.Predictors.Training;

/// <summary>Output of a predictor for some allocations.</summary>
/// <param name="Predictions">Predicted label of each allocation, in label units.</param>
/// <param name="HopNorms">L1 norms of the graph embeddings, [hop][allocation].</param>
internal sealed record PredictorOutput(
    IReadOnlyList<double> Predictions,
    IReadOnlyList<IReadOnlyList<double>> HopNorms
);

/// <summary>A trained network with what its scores need: target scale, moments of the node norms, and hop
/// weights.</summary>
internal sealed class Predictor : IDisposable
{
    private const int EvaluationBatch = 128;

    // Far above what a fit makes; larger values in a file mean that it is damaged.
    private const int MaxWidth = 1024,
        MaxPositions = 100_000;

    internal Predictor(PredictorNetwork network, TargetScale scale, PredictorLoss loss)
    {
        Network = network;
        Scale = scale;
        Loss = loss;
    }

    /// <summary>The network.</summary>
    internal PredictorNetwork Network { get; }

    /// <summary>Scaling between labels and the network's targets.</summary>
    public TargetScale Scale { get; }

    /// <summary>The loss that it was trained with.</summary>
    public PredictorLoss Loss { get; }

    /// <summary>Mean of the node norms of each hop over the training graphs.</summary>
    public double[] HopMean { get; } = new double[PredictorTopology.HopCount];

    /// <summary>Standard deviation (n − 1) of the node norms of each hop over the training graphs.</summary>
    public double[] HopDeviation { get; } = new double[PredictorTopology.HopCount];

    /// <summary>w_m of each hop: how well its norm ranks held-out trials.</summary>
    public double[] HopWeight { get; } = new double[PredictorTopology.HopCount];

    /// <summary>Trained arrays and running statistics by name, with their shapes.</summary>
    public PredictorParameters Parameters => Network.Parameters;

    /// <summary>Target scale, loss, moments and hop weights as strings: the metadata of a predictor file.</summary>
    public IReadOnlyDictionary<string, string> ToMetadata()
    {
        static string Join(IEnumerable<double> values) =>
            string.Join(' ', values.Select(value => value.ToString("R", CultureInfo.InvariantCulture)));
        return new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["format"] = "qua2sedimo-predictor-1",
            ["loss"] = Loss.ToString(),
            ["target_lower"] = Join([Scale.Lower]),
            ["target_unit"] = Join([Scale.Unit]),
            ["target_clipped"] = Scale.Clipped.ToString(),
            ["hop_mean"] = Join(HopMean),
            ["hop_deviation"] = Join(HopDeviation),
            ["hop_weight"] = Join(HopWeight),
            ["widths"] = Join([Network.Shape.EmbeddingWidth, Network.Shape.Width]),
            ["positions"] = string.Join(' ', Network.Shape.Positions.Select(p => $"{p.Name}:{p.Size}:{p.Shift}")),
        };
    }

    /// <summary>Restores a predictor from the results of <see cref="ToMetadata"/> and
    /// <see cref="PredictorParameters.ToArrays"/>.</summary>
    /// <param name="metadata">Metadata of the file.</param>
    /// <param name="find">Returns the values of the array of a name.</param>
    /// <exception cref="PredictorFormatException">A field is missing or malformed, or an array has the wrong
    /// length.</exception>
    public static Predictor FromArrays(IReadOnlyDictionary<string, string> metadata, Func<string, float[]> find)
    {
        ArgumentNullException.ThrowIfNull(metadata);
        try
        {
            double[] widths = Numbers("widths", 2);
            PositionColumn[] positions =
            [
                .. metadata["positions"]
                    .Split(' ', StringSplitOptions.RemoveEmptyEntries)
                    .Select(text => text.Split(':'))
                    .Select(part => new PositionColumn(
                        part[0],
                        Extent(part[0], Number(part[1]), 0, MaxPositions),
                        Extent(part[0], Number(part[2]), -MaxPositions, MaxPositions)
                    )),
            ];
            Extent("positions", positions.Sum(column => (long)column.Size), 0, MaxPositions);
            var scale = new TargetScale(
                Numbers("target_lower", 1)[0],
                Numbers("target_unit", 1)[0],
                bool.Parse(metadata["target_clipped"])
            );
            var network = new PredictorNetwork(
                new PredictorShape(
                    positions,
                    Extent("widths", widths[0], 1, MaxWidth),
                    Extent("widths", widths[1], 1, MaxWidth)
                )
            );
            network.Parameters.Load(find);
            var predictor = new Predictor(network, scale, Enum.Parse<PredictorLoss>(metadata["loss"]));
            Numbers("hop_mean", PredictorTopology.HopCount).CopyTo(predictor.HopMean, 0);
            Numbers("hop_deviation", PredictorTopology.HopCount).CopyTo(predictor.HopDeviation, 0);
            Numbers("hop_weight", PredictorTopology.HopCount).CopyTo(predictor.HopWeight, 0);
            return predictor;
        }
        catch (Exception error)
            when (error
                    is KeyNotFoundException
                        or FormatException
                        or IndexOutOfRangeException
                        or ArgumentException
                        or OverflowException
            )
        {
            throw new PredictorFormatException(
                $"The predictor's metadata cannot be read: {error.Message} Train it again.",
                error
            )
            {
                Remedy = Remedy.Fit,
            };
        }

        // Arrays are allocated by these numbers before the file's arrays are read, so the range is checked first.
        static int Extent(string name, double value, int least, int most) =>
            value >= least && value <= most && value == Math.Floor(value)
                ? (int)value
                : throw new FormatException(
                    string.Create(CultureInfo.InvariantCulture, $"'{name}' is {value}; {least} to {most} are possible.")
                );

        static double Number(string text) => double.Parse(text, CultureInfo.InvariantCulture);

        double[] Numbers(string name, int count)
        {
            double[] values = [.. metadata[name].Split(' ').Select(Number)];
            return values.Length == count
                ? values
                : throw new FormatException($"'{name}' holds {values.Length} numbers instead of {count}.");
        }
    }

    /// <summary>Predicts allocations of a graph.</summary>
    /// <param name="topology">The graph.</param>
    /// <param name="features">Size and error of every weight under every option.</param>
    /// <param name="allocations">Option of every weight, per allocation.</param>
    public PredictorOutput Predict(
        PredictorTopology topology,
        OptionFeatures features,
        IReadOnlyList<IReadOnlyList<int>> allocations
    ) => Predict(new StudyRows(topology, features, allocations), [.. Enumerable.Range(0, allocations.Count)]);

    /// <inheritdoc/>
    public void Dispose() => Network.Dispose();

    /// <summary>Predicts some trials of a study.</summary>
    internal PredictorOutput Predict(StudyRows rows, ReadOnlySpan<int> trials)
    {
        double[] predictions = new double[trials.Length];
        double[][] norms = new double[PredictorTopology.HopCount][];
        for (int m = 0; m < norms.Length; m++)
            norms[m] = new double[trials.Length];
        ForSlices(
            rows,
            trials,
            (batch, start) =>
            {
                for (int i = 0; i < batch.Replicas; i++)
                    predictions[start + i] = Scale.Invert(Network.Prediction[i]);
                for (int m = 0; m < PredictorTopology.HopCount; m++)
                    BatchLoss.Norms(Network, m, norms[m].AsSpan(start, batch.Replicas));
            }
        );
        return new PredictorOutput(predictions, norms);
    }

    /// <summary>Sets <see cref="HopMean"/> and <see cref="HopDeviation"/> from all nodes of these trials, with the
    /// network in evaluation mode.</summary>
    internal void MeasureMoments(StudyRows rows, ReadOnlySpan<int> trials)
    {
        double[] count = new double[PredictorTopology.HopCount],
            sum = new double[PredictorTopology.HopCount],
            squares = new double[PredictorTopology.HopCount];
        ForSlices(
            rows,
            trials,
            (batch, _) =>
            {
                for (int m = 0; m < PredictorTopology.HopCount; m++)
                {
                    for (int row = 0; row < batch.Levels[m].RowCount; row++)
                    {
                        double norm = Norm(Network.NodeEmbedding(m, row)),
                            times = batch.Levels[m].Count[row];
                        count[m] += times;
                        sum[m] += times * norm;
                        squares[m] += times * norm * norm;
                    }
                }
            }
        );
        for (int m = 0; m < PredictorTopology.HopCount; m++)
        {
            HopMean[m] = sum[m] / count[m];
            HopDeviation[m] = Math.Sqrt(Math.Max(0, squares[m] - (sum[m] * HopMean[m])) / Math.Max(1, count[m] - 1));
        }
    }

    /// <summary>L1 norm of an embedding.</summary>
    internal static double Norm(ReadOnlySpan<float> embedding)
    {
        double sum = 0;
        foreach (float value in embedding)
            sum += Math.Abs(value);
        return sum;
    }

    private void ForSlices(StudyRows rows, ReadOnlySpan<int> trials, Action<RowBatch, int> visit)
    {
        var batch = new RowBatch(rows.Plan);
        for (int start = 0; start < trials.Length; start += EvaluationBatch)
        {
            batch.Select(trials.Slice(start, Math.Min(EvaluationBatch, trials.Length - start)));
            Network.Forward(batch, rows.Features, train: false);
            visit(batch, start);
        }
    }
}
