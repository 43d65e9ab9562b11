using Qua2SeDiMo.Graphs.Operations;
using Qua2SeDiMo.Predictors.Data;
using Qua2SeDiMo.Predictors.Evaluation;

namespace Qua2SeDiMo.Predictors.Import;

/// <summary>Labelled trials, from a run's own study or from files, with the weights and units that they are
/// about.</summary>
/// <param name="Training">Graph, options and labels.</param>
/// <param name="Units">Scored subgraphs.</param>
/// <param name="Weights">Name, block, layer type and size of each weight.</param>
/// <param name="Origin">Source of the trials.</param>
/// <param name="TrialNames">Name of each trial.</param>
/// <param name="TrialImages">File or folder of each trial's images; null where none is stored.</param>
/// <param name="TrueSensitivities">True sensitivities stated in the graph, [weight][option], larger is worse; null when
/// it states none.</param>
internal sealed record LabelledStudy(
    TrainingSet Training,
    IReadOnlyList<PredictorUnit> Units,
    IReadOnlyList<WeightPosition> Weights,
    TrainedOn Origin,
    IReadOnlyList<string> TrialNames,
    IReadOnlyList<string?> TrialImages,
    IReadOnlyList<IReadOnlyList<double>>? TrueSensitivities
)
{
    /// <summary>Smallest number of trials for cross-validation.</summary>
    public const int MinTrials = 2 * CrossValidation.FoldCount;

    /// <summary>Weights of every unit that has two or more.</summary>
    internal IReadOnlyList<IReadOnlyList<int>> Groups =>
        [.. Units.Select(unit => unit.Weights).Where(weights => weights.Count > 1)];

    /// <summary>Reads an external study.</summary>
    /// <exception cref="PredictorFormatException">A file cannot be read, or there are fewer than
    /// <see cref="MinTrials"/> trials.</exception>
    public static LabelledStudy OfFiles(string trialsPath, string dagPath, ExternalStudyOptions? options = null)
    {
        options ??= new ExternalStudyOptions();
        ExternalStudy read = ExternalStudy.Open(trialsPath, dagPath, options);
        if (read.Training.Trials.Count < MinTrials)
        {
            throw new PredictorFormatException(
                $"{trialsPath}: {read.Training.Trials.Count} trials; at least {MinTrials} are needed to hold some out."
            );
        }
        var origin = new TrainedOn(
            "files",
            Path.GetFullPath(trialsPath),
            Path.GetFullPath(dagPath),
            read.Target,
            read.Training.Trials.Count,
            read.Training.Features.WeightCount,
            read.Units.Count(unit => unit.Weights.Count > 1),
            read.Fingerprint,
            options,
            read.Notes
        );
        return new LabelledStudy(
            read.Training,
            read.Units,
            read.Weights,
            origin,
            read.TrialNames,
            read.TrialImages,
            read.TrueSensitivities
        );
    }
}
