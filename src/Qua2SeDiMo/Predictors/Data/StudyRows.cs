namespace Qua2SeDiMo.Predictors.Data;

/// <summary>The trials of a study as input of the network. Built once and shared by all folds.</summary>
internal sealed class StudyRows
{
    public StudyRows(TrainingSet study)
        : this(study.Topology, study.Features, [.. study.Trials.Select(trial => trial.Options)]) { }

    public StudyRows(PredictorTopology topology, OptionFeatures features, IReadOnlyList<IReadOnlyList<int>> allocations)
    {
        var table = new FeatureTable(topology, features);
        Features = table.Values;
        int replicas = allocations.Count;
        int[] rows = new int[topology.NodeCount * replicas];
        for (int v = 0; v < topology.NodeCount; v++)
        {
            int weight = topology.WeightOfNode[v];
            for (int b = 0; b < replicas; b++)
                rows[(v * replicas) + b] = table.FirstRow[v] + (weight < 0 ? 0 : allocations[b][weight]);
        }
        Plan = RowPlan.Build(new GraphStructure(topology), replicas, rows, PredictorTopology.HopCount - 1);
    }

    /// <summary>Wraps an existing feature table and row plan.</summary>
    public StudyRows(float[] features, RowPlan plan)
    {
        Features = features;
        Plan = plan;
    }

    /// <summary>Raw feature table, see <see cref="FeatureTable.Values"/>.</summary>
    public float[] Features { get; }

    public RowPlan Plan { get; }
}
