using Qua2SeDiMo.Graphs.Operations;
using Qua2SeDiMo.Predictors.Data;
using Qua2SeDiMo.Predictors.Evaluation;

namespace Qua2SeDiMo.Predictors.Import;

/// <summary>Labelled trials with all that is known of the weights they choose options for: of a run's own study, or
/// from files.</summary>
/// <param name="Training">Graph, options and labels.</param>
/// <param name="Units">Scored subgraphs.</param>
/// <param name="Weights">Where each weight is.</param>
/// <param name="Origin">Where all this is from.</param>
/// <param name="TrialNames">What each trial is called.</param>
/// <param name="TrialImages">File or folder of each trial's images; null where none is stored.</param>
/// <param name="TrueSensitivities">[weight][option] as the graph states them, larger is worse; null when it does
/// not.</param>
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
    /// <summary>The fewest trials of which some can be held out.</summary>
    public const int MinTrials = 2 * CrossValidation.FoldCount;

    /// <summary>Weights of every unit of two and more.</summary>
    internal IReadOnlyList<IReadOnlyList<int>> Groups =>
        [.. Units.Select(unit => unit.Weights).Where(weights => weights.Count > 1)];

    /// <summary>Trials from outside.</summary>
    /// <exception cref="PredictorFormatException">The files cannot be read, or hold too few trials.</exception>
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
