namespace Qua2SeDiMo.Predictors.Import;

/// <summary>The trials that a predictor was trained on.</summary>
/// <param name="Source"><c>study</c> for the trials of a run, <c>files</c> for an external study.</param>
/// <param name="TrialsFile">Full path of trials.csv; null for a run's own study.</param>
/// <param name="GraphFile">Full path of dag.json; null for a run's own study.</param>
/// <param name="Target">Name of the label that was predicted.</param>
/// <param name="TrialCount">Number of labelled trials.</param>
/// <param name="WeightCount">Number of weights that have an option.</param>
/// <param name="UnitCount">Number of scored subgraphs of two or more weights.</param>
/// <param name="Fingerprint">
/// SHA-256 over graph, trials and target; for a run's own study also over its settings, which include the fingerprints
/// of the model.
/// </param>
/// <param name="Reading">How the files were read; null for a run's own study.</param>
/// <param name="Notes">Remarks on the data for the user.</param>
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
