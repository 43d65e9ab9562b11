using System.Globalization;
using System.Reflection;
using System.Text.Json;
using System.Text.Json.Nodes;
using Qua2SeDiMo.Diffusion;
using Qua2SeDiMo.Images;
using Qua2SeDiMo.Json;
using Qua2SeDiMo.Packing;
using Qua2SeDiMo.Quantizers;

namespace Qua2SeDiMo.Pipelines;

/// <summary>
/// PNG metadata on how an image was made: <c>parameters</c> in the form that image tools read, and <c>q2</c> with all
/// settings as JSON (docs/formats.md).
/// </summary>
internal sealed class PictureText
{
    private const string ParametersKeyword = "parameters",
        JsonKeyword = "q2";
    private readonly GenerationRequest request;
    private readonly JsonObject settings;
    private readonly string quantization;

    /// <summary>Collects the settings shared by all images of one call.</summary>
    /// <param name="model">The model; its content is fingerprinted.</param>
    /// <param name="request">Settings of the generation.</param>
    /// <param name="allocation">Options of the weights; null for those of a packed folder, or original weights in any
    /// other.</param>
    /// <param name="origin">Origin of the allocation; null when unknown.</param>
    /// <param name="activations">Bits that inputs of layers are rounded to.</param>
    /// <param name="execution">How products with quantized weights are computed.</param>
    /// <param name="progress">Receives the fraction of the model that is read for its fingerprint.</param>
    /// <param name="cancellationToken">Cancels the reading.</param>
    internal PictureText(
        OpenModel model,
        GenerationRequest request,
        BitAllocation? allocation,
        JsonObject? origin,
        ActivationAllocation activations,
        WeightExecution execution,
        IProgress<StageProgress>? progress,
        CancellationToken cancellationToken
    )
    {
        this.request = request;
        (BitAllocation? packed, JsonObject? packedOrigin) = allocation is null ? Packed(model) : (allocation, origin);
        if (packed is { Specs.Count: 0 })
            packed = null;
        // A packed ONNX model lists no quantizable weights, so it has no average bits.
        double? bits = model.Weights.Count == 0 ? null : packed?.AverageBits(model.Weights, model.OriginalBits);
        string average = bits is null ? "" : string.Create(CultureInfo.InvariantCulture, $"{bits:0.###} bits");
        quantization = packed is null
            ? ""
            : $"{average}{(Name(packedOrigin) is { } name ? $" ({name})" : "")}".TrimStart();
        settings = new JsonObject
        {
            ["program"] =
                $"q2 {typeof(PictureText).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion}",
            ["steps"] = request.StepCount,
            ["guidance"] = request.GuidanceScale,
            ["pipeline"] = model.Folder.PipelineClass,
            ["scheduler"] = model.Folder.Component("scheduler").ClassName,
            ["model"] = model.Folder.Name,
            ["fingerprint"] = model.Fingerprint(progress, cancellationToken).Hex,
            ["sizes"] = JsonSerializer.SerializeToNode(request.Sizes, OwnJson.Options),
            ["execution"] = execution.ToString().ToLowerInvariant(),
            ["activationBits"] = activations.Common,
            ["activations"] = activations.ToJsonObject(),
            ["allocation"] = packed is null
                ? null
                : new JsonObject
                {
                    ["origin"] = packedOrigin?.DeepClone(),
                    ["averageBits"] = bits,
                    ["weights"] = packed.ToJsonObject(),
                },
        };
    }

    /// <summary>Inserts the texts of one image into its PNG file.</summary>
    /// <param name="index">Index of the image in the call, which selects its negative prompt when there is one per
    /// image.</param>
    /// <param name="prompt">Prompt of the image.</param>
    /// <param name="seed">Seed of its starting noise.</param>
    /// <param name="png">The PNG file without texts.</param>
    /// <param name="height">Height in pixels.</param>
    /// <param name="width">Width in pixels.</param>
    internal byte[] Label(int index, string prompt, ulong seed, byte[] png, int height, int width)
    {
        string? negative = Negative(index);
        JsonObject root = Settings(height, width);
        root["prompt"] = prompt;
        root["negativePrompt"] = negative;
        root["seed"] = seed;
        return PngText.Insert(
            png,
            [
                new PngText(ParametersKeyword, Parameters(prompt, negative, seed, height, width)),
                new PngText(JsonKeyword, root.ToJsonString()),
            ]
        );
    }

    /// <summary>Inserts into the PNG file of a contact sheet a list of its images; height and width are those of one
    /// image.</summary>
    internal byte[] LabelSheet(IEnumerable<GeneratedImage> images, byte[] png, int height, int width)
    {
        JsonObject root = Settings(height, width);
        root["images"] = new JsonArray([
            .. images.Select(
                (image, i) =>
                    new JsonObject
                    {
                        ["prompt"] = image.Prompt,
                        ["negativePrompt"] = Negative(i),
                        ["seed"] = image.Seed,
                    }
            ),
        ]);
        return PngText.Insert(png, [new PngText(JsonKeyword, root.ToJsonString())]);
    }

    // Null when none was given, which some pipelines distinguish from an empty negative prompt.
    private string? Negative(int index) =>
        request.NegativePrompts.Count switch
        {
            0 => null,
            1 => request.NegativePrompts[0],
            _ => request.NegativePrompts[index],
        };

    private JsonObject Settings(int height, int width)
    {
        JsonObject root = settings.DeepClone().AsObject();
        root["height"] = height;
        root["width"] = width;
        return root;
    }

    // The format of AUTOMATIC1111's web interface, which other tools read: prompt, negative prompt, and one line of
    // comma-separated settings.
    private string Parameters(string prompt, string? negative, ulong seed, int height, int width)
    {
        string second = string.IsNullOrEmpty(negative) ? "" : $"\nNegative prompt: {negative}";
        (string Key, string Value)[] pairs =
        [
            ("Steps", request.StepCount.ToString(CultureInfo.InvariantCulture)),
            ("Sampler", Text("scheduler").Replace("Scheduler", "", StringComparison.Ordinal)),
            ("CFG scale", request.GuidanceScale.ToString(CultureInfo.InvariantCulture)),
            ("Seed", seed.ToString(CultureInfo.InvariantCulture)),
            ("Size", string.Create(CultureInfo.InvariantCulture, $"{width}x{height}")),
            ("Model hash", Text("fingerprint")),
            ("Model", Text("model")),
            ("Quantization", quantization),
            ("Version", Text("program")),
        ];
        IEnumerable<string> given = pairs
            .Where(pair => pair.Value.Length > 0)
            .Select(pair => $"{pair.Key}: {Quoted(pair.Value)}");
        return $"{prompt}{second}\n{string.Join(", ", given)}";
    }

    private string Text(string key) => settings[key]!.GetValue<string>();

    // In that format, a value that contains a separator is written as a JSON string.
    private static string Quoted(string value) =>
        value.AsSpan().ContainsAny(",:\n\"") ? JsonSerializer.Serialize(value) : value;

    private static (BitAllocation? Allocation, JsonObject? Origin) Packed(OpenModel model)
    {
        if (model.Tensors is PackedModelReader reader)
            return (reader.Manifest.Allocation, reader.Manifest.Plan);
        return PackNote.Read(model.Folder.DirectoryPath) is { } note ? (note.Allocation, note.Plan) : (null, null);
    }

    private static string? Name(JsonObject? origin) =>
        (string?)origin?["plan"] ?? (string?)origin?["entry"] ?? (string?)origin?["allocation"];
}
