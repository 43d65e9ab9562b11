namespace Qua2SeDiMo.Runs;

/// <summary>A run directory: where the stages of one model leave their results. The only place that knows the file
/// names.</summary>
/// <param name="DirectoryPath">The folder; it is created when a stage first writes.</param>
public sealed record RunDirectory(string DirectoryPath)
{
    // Enough to tell the settings of one run apart.
    private const int FingerprintLength = 12;

    /// <summary>What the results belong to.</summary>
    public string Identity => In("run.json");

    /// <summary>Results that are worth nothing without knowing what they belong to.</summary>
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

    /// <summary>Every weight under every option.</summary>
    public string Bank => In("bank");

    /// <summary>What every option of every weight does, as it was measured.</summary>
    public string Measurement => In("measurement.json");

    /// <summary>Its numbers, a file for each image.</summary>
    public string MeasuredImages => In("measurement");

    /// <summary>The trials, in SQLite.</summary>
    public string StudyDatabase => In("study.db");

    /// <summary>How the study was made, and what it found.</summary>
    public string StudyRecord => In("study.json");

    /// <summary>Pictures of plans and baselines, a folder each.</summary>
    public string Images => In("images");

    /// <summary>Weights of the predictor networks, one per fold.</summary>
    public string PredictorWeights => In("predictor.safetensors");

    /// <summary>Held-out quality of the predictor and its baselines.</summary>
    public string PredictorReport => In("predictor.json");

    /// <summary>Networks trained with a loss: those of the default loss are <see cref="PredictorWeights"/>, so that
    /// several fits live side by side.</summary>
    public string PredictorWeightsOf(string loss) =>
        IsDefault(loss) ? PredictorWeights : In($"predictor-{Lower(loss)}.safetensors");

    /// <summary>Held-out quality of a fit by the name of its loss.</summary>
    public string PredictorReportOf(string loss) =>
        IsDefault(loss) ? PredictorReport : In($"predictor-{Lower(loss)}.json");

    /// <summary>States of a training that is not over, a file per fold; gone when it is.</summary>
    public string PredictorCheckpointsOf(string loss) => In($"predictor-{Lower(loss)}-training");

    /// <summary>Scores of networks that were refitted on resampled trials, by the name of their loss.</summary>
    public string BootstrapOf(string loss) => In($"bootstrap-{Lower(loss)}.json");

    /// <summary>Scores of operators and blocks.</summary>
    public string Sensitivity => In("sensitivity.json");

    /// <summary>Images of the unquantized model, which paired metrics compare with.</summary>
    public string FullPrecisionImages => In("full-precision.safetensors");

    /// <summary>The same for the prompts on which plans are checked again.</summary>
    public string FreshFullPrecisionImages => In("full-precision-fresh.safetensors");

    /// <summary>The place of images of other settings than those at <paramref name="path"/>.</summary>
    /// <param name="path">Images of the unquantized model.</param>
    /// <param name="settings">Fingerprint of their settings.</param>
    internal static string ImagesOfSettings(string path, string settings) =>
        $"{Path.ChangeExtension(path, null)}-{settings[..FingerprintLength]}{Path.GetExtension(path)}";

    /// <summary>Chosen allocations with their measured quality.</summary>
    public string Plan => In("plan.json");

    /// <summary>The smaller model.</summary>
    public string Packed => In("packed");

    /// <summary>The model in another program's format.</summary>
    /// <param name="format">Name of the format, such as <c>diffusers</c>.</param>
    public string PackedAs(string format) => In($"packed-{format}");

    /// <summary>Settings for other tools.</summary>
    public string Recipes => In("recipes");

    /// <summary>The report page.</summary>
    public string Report => In("report.html");

    /// <summary>The page's numbers for programs.</summary>
    public string ReportJson => In("report.json");

    /// <summary>Wall time of each stage.</summary>
    public string Timings => In("timings.json");

    private static bool IsDefault(string loss) => loss.Equals("srcc", StringComparison.OrdinalIgnoreCase);

    private static string Lower(string loss) => loss.ToLowerInvariant();

    private string In(string name) => Path.Combine(DirectoryPath, name);
}
