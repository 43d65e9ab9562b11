using System.Text.Json.Nodes;

namespace Qua2SeDiMo.Verification;

/// <summary>A kind of reference case, with the functions that recognise and run it.</summary>
/// <param name="Name">Singular noun.</param>
/// <param name="Marker">Name of the file that marks a folder as a case; null if a case is a JSON file of any
/// name.</param>
/// <param name="Matches">Whether the content of the marker, or of the JSON file, is of this kind.</param>
/// <param name="Verify">Runs the case in the folder, or the case file.</param>
internal sealed record VerificationKind(
    string Name,
    string? Marker,
    Func<ReferenceDescription, bool> Matches,
    Func<string, CancellationToken, IReadOnlyList<VerificationResult>> Verify
)
{
    private const string ModelImages = "model images";

    /// <summary>All kinds; the first that matches counts.</summary>
    internal static IReadOnlyList<VerificationKind> All { get; } =
    [
        new(
            "pipeline",
            "pipeline.json",
            description => description.Has("call"),
            (path, _) => PipelineCases.Verify(path)
        ),
        new(
            "architecture",
            "case.json",
            description => description.Has("class") && description.Has("call"),
            ArchitectureCases.Verify
        ),
        new(
            "onnx export",
            "case.json",
            description => description.Has("golden_case"),
            (path, _) => OnnxExportCases.Verify(path)
        ),
        new(
            ModelImages,
            "reference.json",
            description => description.Has("prompts") && description.Has("seeds"),
            ModelImageCases.Verify
        ),
        new(
            "tokenizer",
            "cases.json",
            description => description.FirstCaseHas("text"),
            (path, _) => TokenizerCases.Verify(path)
        ),
        new(
            "scheduler",
            null,
            description => description.Has("scheduler_config"),
            (path, _) => SchedulerCases.Verify(path)
        ),
        new("random", null, description => description.FirstCaseHas("seed"), (path, _) => RandomCases.Verify(path)),
        new("operator gradients", null, description => description.FirstCaseHas("nodes"), OperatorGradientCases.Verify),
        new(
            "gradients",
            null,
            description =>
                description.Has("weights_sha256") && (description.Has("weights") || description.Has("gradients")),
            ModelGradientCases.Verify
        ),
        new(
            "trajectory gradients",
            null,
            description => description.Has("one_call_steps"),
            TrajectoryGradientCases.Verify
        ),
        new("ranks", null, description => description.FirstCaseHas("x"), (path, _) => RankCases.Verify(path)),
        new(
            "images",
            null,
            description => description.Root["cases"] is JsonArray { Count: > 0 } cases && cases[0] is JsonValue,
            (path, _) => ImageCases.Verify(path)
        ),
        new(
            "released model",
            null,
            description => description.Has("tensors") && description.Has("config"),
            (path, _) => ReleasedModelCases.Verify(path)
        ),
        new(
            "sensitivity",
            null,
            description => description.Root["blocks"] is JsonObject && description.Has("option_order"),
            (path, _) => SensitivityCases.Verify(path)
        ),
        new("allocate", null, description => description.Root["instances"] is JsonArray, AllocateCases.Verify),
        new("metrics", null, IsMetric, (path, _) => MetricCases.Verify(path)),
        new("predictor", null, IsPredictor, (path, _) => PredictorCases.Verify(path)),
        new("quantizers", null, IsQuantizer, (path, _) => QuantizerCases.Verify(path)),
    ];

    /// <summary>Name of a case at a path: that of its folder, or of its file without extension; for images of a model,
    /// the model's name.</summary>
    internal string NameOf(string path) =>
        Marker is null
            ? Path.GetFileNameWithoutExtension(path)
            : Path.GetFileName(Name == ModelImages ? Path.GetDirectoryName(path)! : path);

    private static bool IsMetric(ReferenceDescription description) =>
        description.Root["values"] is JsonObject values
        && values.Any(pair =>
            pair.Key is "cmmd"
            || (
                pair.Value is JsonObject set
                && (set.ContainsKey("frechet_symmetric") || set.ContainsKey("kid") || set.ContainsKey("clip"))
            )
        );

    private static bool IsPredictor(ReferenceDescription description) =>
        description.FirstCaseHas("relevance")
        || description.Has("hop_sets")
        || description.Has("nodes_per_graph")
        || description.Has("tables")
        || description.Arrays.Any(name =>
            name.StartsWith("param.", StringComparison.Ordinal)
            || name.EndsWith(".attention_weights", StringComparison.Ordinal)
            || name.EndsWith(".running_mean", StringComparison.Ordinal)
            || name.EndsWith(".lambda", StringComparison.Ordinal)
            || name.EndsWith(".soft_rank", StringComparison.Ordinal)
        );

    private static bool IsQuantizer(ReferenceDescription description) =>
        description.Root["examples"] is JsonArray
        || description.Root["inertia"] is JsonObject
        || description.Arrays.Any(name => name.EndsWith(".codes", StringComparison.Ordinal));
}
