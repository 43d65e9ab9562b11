using System.Numerics.Tensors;
using Qua2SeDiMo.Predictors.Data;
using Qua2SeDiMo.Predictors.Network;
using Qua2SeDiMo.Predictors.Training;

namespace Qua2SeDiMo.Sensitivity;

/// <summary>
/// Scores of weights and units by one predictor (method.md, section 7): w_m · (‖h_m(last node)‖₁ − μ_m)/σ_m, where the
/// unit is the whole input graph of the network. Larger is better for the label.
/// </summary>
internal sealed class HopScores
{
    private readonly Dictionary<string, UnitRows> layouts = new(StringComparer.Ordinal);
    private readonly PredictorTopology topology;
    private readonly FeatureTable table;
    private readonly int optionCount;

    /// <summary>Prepares the feature table.</summary>
    public HopScores(PredictorTopology topology, OptionFeatures features)
    {
        ArgumentNullException.ThrowIfNull(topology);
        ArgumentNullException.ThrowIfNull(features);
        this.topology = topology;
        table = new FeatureTable(topology, features);
        optionCount = features.OptionCount;
    }

    /// <summary>Scores of every single weight.</summary>
    /// <returns>Scores, [weight, option], row-major.</returns>
    public double[] Operations(Predictor predictor)
    {
        ArgumentNullException.ThrowIfNull(predictor);
        double[] scores = new double[topology.WeightCount * optionCount];
        for (int w = 0; w < topology.WeightCount; w++)
        {
            Unit(predictor, [topology.NodeOfWeight[w]], [], 0).CopyTo(scores, w * optionCount);
        }
        return scores;
    }

    /// <summary>Scores of every option combination of a unit; the first weight's option is the most significant
    /// digit.</summary>
    public double[] Unit(Predictor predictor, PredictorUnit unit)
    {
        ArgumentNullException.ThrowIfNull(unit);
        return Unit(predictor, unit.Nodes, unit.Edges, unit.Hop);
    }

    /// <summary>Scores of every option combination of a unit, summed over folds.</summary>
    /// <returns>options^weights scores; the first weight's option is the most significant digit.</returns>
    public double[] Unit(IReadOnlyList<Predictor> folds, PredictorUnit unit)
    {
        ArgumentNullException.ThrowIfNull(folds);
        double[] total = [];
        foreach (Predictor fold in folds)
        {
            double[] scores = Unit(fold, unit);
            if (total.Length == 0)
                total = scores;
            else
                TensorPrimitives.Add<double>(total, scores, total);
        }
        return total;
    }

    /// <summary>Scores all combinations of a unit with a given feature table.</summary>
    /// <param name="predictor">Predictor of one fold.</param>
    /// <param name="rows">Rows of the unit's combinations.</param>
    /// <param name="features">Raw feature table.</param>
    /// <param name="firstRowOfNode">First row of each node in the feature table.</param>
    internal static double[] Score(
        Predictor predictor,
        UnitRows rows,
        float[] features,
        IReadOnlyList<int> firstRowOfNode
    )
    {
        var batch = new RowBatch(rows.Structure, rows.Levels, rows.Features(firstRowOfNode));
        predictor.Network.Forward(batch, features, train: false, rows.Hop);
        double mean = predictor.HopMean[rows.Hop],
            deviation = predictor.HopDeviation[rows.Hop],
            weight = predictor.HopWeight[rows.Hop];
        double[] scores = new double[rows.CombinationCount];
        for (int c = 0; c < scores.Length; c++)
        {
            double norm = Predictor.Norm(predictor.Network.NodeEmbedding(rows.Hop, rows.LastRows[c]));
            scores[c] = deviation > 0 ? weight * (norm - mean) / deviation : 0;
        }
        return scores;
    }

    private double[] Unit(
        Predictor predictor,
        IReadOnlyList<int> nodes,
        IReadOnlyList<(int Source, int Target)> edges,
        int hop
    )
    {
        int weight = 0;
        int[] weightOfNode = [.. nodes.Select(v => topology.WeightOfNode[v] >= 0 ? weight++ : -1)];
        string key = $"{hop}|{string.Join(' ', weightOfNode)}|{string.Join(' ', edges)}";
        if (!layouts.TryGetValue(key, out UnitRows? rows))
            layouts.Add(key, rows = new UnitRows(weightOfNode, edges, hop, optionCount));
        return Score(predictor, rows, table.Values, [.. nodes.Select(v => table.FirstRow[v])]);
    }
}
