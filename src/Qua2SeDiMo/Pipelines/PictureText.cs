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
/// What a picture says of how it was made: under <c>parameters</c> in the form that image tools read and show, and
/// under <c>q2</c> everything as JSON (docs/formats.md).
/// </summary>
internal sealed class PictureText
{
    private const string ParametersKeyword = "parameters",
        JsonKeyword = "q2";
    private readonly GenerationRequest request;
    private readonly JsonObject settings;
    private readonly string quantization;

    /// <summary>Collects what all pictures of one call have in common.</summary>
    /// <param name="model">The model; its content is fingerprinted.</param>
    /// <param name="request">Steps and guidance.</param>
    /// <param name="allocation">Options of the weights; null for those that a packed folder has, else for weights as
    /// they are.</param>
    /// <param name="origin">Where the allocation is from; null where unknown.</param>
    /// <param name="activationBits">Bits that activations are rounded to; null for none.</param>
    /// <param name="execution">How quantized weights are multiplied.</param>
    /// <param name="progress">Told how much of the model is read for its fingerprint.</param>
    /// <param name="cancellationToken">Stops the reading.</param>
    internal PictureText(
        OpenModel model,
        GenerationRequest request,
        BitAllocation? allocation,
        JsonObject? origin,
        int? activationBits,
        WeightExecution execution,
        IProgress<StageProgress>? progress,
        CancellationToken cancellationToken
    )
    {
        this.request = request;
        (BitAllocation? packed, JsonObject? packedOrigin) = allocation is null ? Packed(model) : (allocation, origin);
        if (packed is { Specs.Count: 0 })
            packed = null;
        // The program of a packed ONNX model holds its weights itself: there is nothing to average.
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
            ["activationBits"] = activationBits,
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

    /// <summary>A picture as a PNG file with its texts.</summary>
    /// <param name="index">Number of the picture in the call, which has one negative prompt for all or one for
    /// each.</param>
    /// <param name="prompt">What it was to show.</param>
    /// <param name="seed">Seed of its noise.</param>
    /// <param name="png">The file without texts.</param>
    /// <param name="height">Pixels.</param>
    /// <param name="width">Pixels.</param>
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

    /// <summary>A contact sheet as a PNG file that lists its pictures; height and width are those of one
    /// picture.</summary>
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

    // Null where none was given, which not every pipeline takes for an empty one.
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

    // The form that AUTOMATIC1111's web interface began and others read: prompt, negative prompt, and one line of
    // settings between commas.
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

    // What holds a separator is written as a JSON string there.
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
