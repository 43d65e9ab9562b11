namespace Qua2SeDiMo.Predictors.Import;

/// <summary>What a predictor was trained on.</summary>
/// <param name="Source"><c>study</c> for the trials of a run, <c>files</c> for trials from outside.</param>
/// <param name="TrialsFile">Full path of trials.csv; null for a run's own study.</param>
/// <param name="GraphFile">Full path of dag.json; null for a run's own study.</param>
/// <param name="Target">What was predicted.</param>
/// <param name="TrialCount">Labelled trials.</param>
/// <param name="WeightCount">Weights with an option of their own.</param>
/// <param name="UnitCount">Scored subgraphs of two weights and more.</param>
/// <param name="Fingerprint">
/// SHA-256 of graph, trials and target, and for a run's own study of its settings, the content of the model among them.
/// </param>
/// <param name="Reading">How the files were read; null for a run's own study.</param>
/// <param name="Notes">What a person should know of the data.</param>
public sealed record TrainedOn(
    string Source,
    string? TrialsFile,
    string? GraphFile,
    string Target,
    int TrialCount,
    int WeightCount,
    int UnitCount,
    string Fingerprint,
    ExternalStudyOptions? Reading,
    IReadOnlyList<string> Notes
);
