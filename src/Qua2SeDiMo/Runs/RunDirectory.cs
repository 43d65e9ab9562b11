namespace Qua2SeDiMo.Runs;

/// <summary>A run directory, in which the stages of one model store their results. All file names are defined
/// here.</summary>
/// <param name="DirectoryPath">The folder; it is created when a stage first writes.</param>
public sealed record RunDirectory(string DirectoryPath)
{
    // Hexadecimal digits of a fingerprint in a file name; enough to distinguish the settings of one run.
    private const int FingerprintLength = 12;

    /// <summary>Fingerprints of the model that the results belong to.</summary>
    public string Identity => In("run.json");

    /// <summary>Results that must not be used without <see cref="Identity"/>.</summary>
    internal IEnumerable<string> Results =>
        [StudyDatabase, StudyRecord, PredictorReport, Sensitivity, Plan, Measurement];

    /// <summary>Canonical text of the denoiser's graph.</summary>
    public string GraphText => In("graph.txt");

    /// <summary>The denoiser as ONNX.</summary>
    public string GraphOnnx => In("graph.onnx");

    /// <summary>The sensitivity DAG for Graphviz.</summary>
    public string DagDot => In("dag.dot");

    /// <summary>The sensitivity DAG as a picture.</summary>
    public string DagSvg => In("dag.svg");

    /// <summary>The sensitivity DAG for programs.</summary>
    public string DagJson => In("dag.json");

    /// <summary>The quantizer bank: every weight under every option.</summary>
    public string Bank => In("bank");

    /// <summary>Measured effects of every option of every weight.</summary>
    public string Measurement => In("measurement.json");

    /// <summary>Folder with the measurement of each image, one file per image.</summary>
    public string MeasuredImages => In("measurement");

    /// <summary>SQLite database of the trials.</summary>
    public string StudyDatabase => In("study.db");

    /// <summary>Options and summary of the study.</summary>
    public string StudyRecord => In("study.json");

    /// <summary>Images of plans and baselines, in one folder each.</summary>
    public string Images => In("images");

    /// <summary>Weights of the predictor networks, one per fold.</summary>
    public string PredictorWeights => In("predictor.safetensors");

    /// <summary>Held-out scores of the predictor and its baselines.</summary>
    public string PredictorReport => In("predictor.json");

    /// <summary>Networks trained with the loss of a name; those of the default loss are <see cref="PredictorWeights"/>.
    /// Fits with several losses can exist side by side.</summary>
    public string PredictorWeightsOf(string loss) =>
        IsDefault(loss) ? PredictorWeights : In($"predictor-{Lower(loss)}.safetensors");

    /// <summary>Held-out scores of the fit with the loss of a name.</summary>
    public string PredictorReportOf(string loss) =>
        IsDefault(loss) ? PredictorReport : In($"predictor-{Lower(loss)}.json");

    /// <summary>Folder with the checkpoints of an unfinished training, one file per fold; deleted when training
    /// ends.</summary>
    public string PredictorCheckpointsOf(string loss) => In($"predictor-{Lower(loss)}-training");

    /// <summary>Scores of networks refitted on resampled trials, by the name of their loss.</summary>
    public string BootstrapOf(string loss) => In($"bootstrap-{Lower(loss)}.json");

    /// <summary>Scores of weights and units.</summary>
    public string Sensitivity => In("sensitivity.json");

    /// <summary>Images of the full-precision model, for paired metrics.</summary>
    public string FullPrecisionImages => In("full-precision.safetensors");

    /// <summary>Images of the full-precision model for the fresh prompts, on which plans are checked.</summary>
    public string FreshFullPrecisionImages => In("full-precision-fresh.safetensors");

    /// <summary>Path for images made with other settings than those at <paramref name="path"/>.</summary>
    /// <param name="path">Path of images of the full-precision model.</param>
    /// <param name="settings">Fingerprint of the settings of the images.</param>
    internal static string ImagesOfSettings(string path, string settings) =>
        $"{Path.ChangeExtension(path, null)}-{settings[..FingerprintLength]}{Path.GetExtension(path)}";

    /// <summary>Chosen allocations with their measured quality.</summary>
    public string Plan => In("plan.json");

    /// <summary>The packed model.</summary>
    public string Packed => In("packed");

    /// <summary>The packed model in another program's format.</summary>
    /// <param name="format">Name of the format, such as <c>diffusers</c>.</param>
    public string PackedAs(string format) => In($"packed-{format}");

    /// <summary>Recipes: the plan as settings for other tools.</summary>
    public string Recipes => In("recipes");

    /// <summary>The report page.</summary>
    public string Report => In("report.html");

    /// <summary>The numbers of the report as JSON.</summary>
    public string ReportJson => In("report.json");

    /// <summary>Wall time of each stage.</summary>
    public string Timings => In("timings.json");

    private static bool IsDefault(string loss) => loss.Equals("srcc", StringComparison.OrdinalIgnoreCase);

    private static string Lower(string loss) => loss.ToLowerInvariant();

    private string In(string name) => Path.Combine(DirectoryPath, name);
}
