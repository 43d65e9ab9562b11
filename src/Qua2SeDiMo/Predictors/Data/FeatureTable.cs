using Qua2SeDiMo.Predictors.Network;

namespace Qua2SeDiMo.Predictors.Data;

/// <summary>Raw features of every node under every option: one row for a combine node, one row per option for a
/// weight.</summary>
internal sealed class FeatureTable
{
    public FeatureTable(PredictorTopology topology, OptionFeatures features)
    {
        int columns = 4 + topology.Positions.Count;
        FirstRow = new int[topology.NodeCount];
        int rows = 0;
        for (int v = 0; v < topology.NodeCount; v++)
        {
            FirstRow[v] = rows;
            rows += topology.WeightOfNode[v] < 0 ? 1 : features.OptionCount;
        }
        Values = new float[rows * columns];
        for (int v = 0; v < topology.NodeCount; v++)
        {
            int weight = topology.WeightOfNode[v];
            for (int option = 0; option < (weight < 0 ? 1 : features.OptionCount); option++)
            {
                Span<float> row = Values.AsSpan((FirstRow[v] + option) * columns, columns);
                if (weight >= 0)
                {
                    row[0] = features.Options[option].MethodCode;
                    row[1] = features.Options[option].BitCode;
                    row[2] = features.Reduction(weight, option);
                    row[3] = features.ScaledError(weight, option);
                }
                for (int p = 0; p < topology.Positions.Count; p++)
                    row[4 + p] = topology.PositionCodes[(v * topology.Positions.Count) + p];
            }
        }
    }

    /// <summary>Features, [row, column], row-major; for the columns see
    /// <see cref="NodeEncoder.FeatureCount"/>.</summary>
    public float[] Values { get; }

    /// <summary>First row of each node: its option 0, or its only row.</summary>
    public int[] FirstRow { get; }
}
