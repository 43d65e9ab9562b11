namespace Qua2SeDiMo.Predictors.Data;

/// <summary>One labelled allocation.</summary>
/// <param name="Options">Option index of every weight.</param>
/// <param name="Target">The label; larger is better.</param>
/// <param name="AverageBits">Average bits of the allocation, for baselines and the partial correlation.</param>
internal sealed record PredictorTrial(IReadOnlyList<int> Options, double Target, double AverageBits);

/// <summary>The input of training: the graph, the options and the labelled trials. It is independent of ONNX, SQL and
/// images.</summary>
internal sealed class TrainingSet
{
    /// <summary>Checks that the parts fit together.</summary>
    /// <exception cref="PredictorFormatException">The parts differ in the number of weights, a trial has an unknown
    /// option, or its target is not finite.</exception>
    public TrainingSet(
        PredictorTopology topology,
        OptionFeatures features,
        IReadOnlyList<PredictorTrial> trials,
        IReadOnlyList<string> weightNames,
        IReadOnlyList<IReadOnlyList<int>>? folds = null
    )
    {
        ArgumentNullException.ThrowIfNull(topology);
        ArgumentNullException.ThrowIfNull(features);
        ArgumentNullException.ThrowIfNull(trials);
        ArgumentNullException.ThrowIfNull(weightNames);
        Topology = topology;
        Features = features;
        Trials = trials;
        WeightNames = weightNames;
        Folds = folds;
        if (features.WeightCount != topology.WeightCount || weightNames.Count != topology.WeightCount)
        {
            throw new PredictorFormatException(
                $"The graph has {topology.WeightCount} weights, the option table {features.WeightCount}, the name list {weightNames.Count}."
            );
        }
        for (int t = 0; t < trials.Count; t++)
        {
            if (trials[t].Options.Count != topology.WeightCount)
            {
                throw new PredictorFormatException(
                    $"Trial {t} chooses {trials[t].Options.Count} options; the graph has {topology.WeightCount} weights."
                );
            }
            if (trials[t].Options.Any(option => (uint)option >= (uint)features.OptionCount))
            {
                throw new PredictorFormatException(
                    $"Trial {t} names an option outside of 0 to {features.OptionCount - 1}."
                );
            }
            if (!double.IsFinite(trials[t].Target))
                throw new PredictorFormatException(
                    $"Trial {t} has the target {trials[t].Target}; leave failed trials out."
                );
        }
    }

    /// <summary>The graph.</summary>
    public PredictorTopology Topology { get; }

    /// <summary>Size and error of every weight under every option.</summary>
    public OptionFeatures Features { get; }

    /// <summary>The labelled allocations.</summary>
    public IReadOnlyList<PredictorTrial> Trials { get; }

    /// <summary>Name of each weight.</summary>
    public IReadOnlyList<string> WeightNames { get; }

    /// <summary>Test trials of each fold if the study prescribes folds; otherwise null.</summary>
    public IReadOnlyList<IReadOnlyList<int>>? Folds { get; }
}
