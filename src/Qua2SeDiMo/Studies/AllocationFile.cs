using System.Text.Json;
using Qua2SeDiMo.Quantizers;

namespace Qua2SeDiMo.Studies;

/// <summary>
/// Allocations in JSON: <c>{"trials": [{"name", "allocation": {weight: option} or null, "average_bits", "quantized_bytes", "metrics": {…}}]}</c>.
/// Only <c>allocation</c> is needed; null stands for full precision. Other members are ignored. See docs/formats.md.
/// </summary>
public static class AllocationFile
{
    private const char PartMark = '#';

    // Metric names of the file and ours.
    private static readonly (string InFile, string Name)[] MetricNames =
    [
        ("frechet_clip", StudyMetric.Frechet.Name), ("kid_clip", StudyMetric.Kid.Name), ("clip_score", StudyMetric.ClipScore.Name),
        ("psnr_mean", StudyMetric.Psnr.Name), ("ssim_mean", StudyMetric.Ssim.Name), ("clip_cosine", StudyMetric.ClipCosine.Name),
    ];

    /// <summary>Reads allocations and their labels.</summary>
    /// <param name="path">JSON file; an array of trials without the surrounding object will do.</param>
    /// <param name="weightNames">Quantizable weights of the model; null leaves the names unchecked.</param>
    /// <exception cref="AllocationFileException">Missing, not of this form, an unknown option or weight, or a name given twice.</exception>
    public static IReadOnlyList<LabelledAllocation> Read(string path, IReadOnlyCollection<string>? weightNames = null)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(path));
            JsonElement trials = document.RootElement.ValueKind == JsonValueKind.Object && document.RootElement.TryGetProperty("trials", out JsonElement member)
                ? member : document.RootElement;
            if (trials.ValueKind != JsonValueKind.Array || trials.GetArrayLength() == 0)
            {
                throw new AllocationFileException($"{path}: expected an object with a list 'trials' of at least one allocation.");
            }
            List<LabelledAllocation> allocations = [.. trials.EnumerateArray().Select((trial, index) => ReadTrial(path, trial, index))];
            Check(path, allocations, weightNames);
            return weightNames is null ? allocations : [.. allocations.Select(entry => entry with { Allocation = WithParts(entry.Allocation, weightNames) })];
        }
        catch (Exception error) when (error is JsonException or IOException or UnauthorizedAccessException)
        {
            throw new AllocationFileException($"{path}: the allocations cannot be read: {error.Message}", error);
        }
    }

    /// <summary>Writes finished trials with their labels, atomically, in the form that <see cref="Read"/> reads.</summary>
    /// <param name="path">JSON file to make or replace.</param>
    /// <param name="trials">Trials; those without metrics are written without labels.</param>
    public static void Write(string path, IEnumerable<Trial> trials)
    {
        ArgumentNullException.ThrowIfNull(trials);
        AtomicFile.Write(path, stream =>
        {
            using var writer = new Utf8JsonWriter(stream, new JsonWriterOptions { Indented = true });
            writer.WriteStartObject();
            writer.WriteStartArray("trials");
            foreach (Trial trial in trials) WriteTrial(writer, trial);
            writer.WriteEndArray();
            writer.WriteEndObject();
        });
    }

    private static LabelledAllocation ReadTrial(string path, JsonElement trial, int index)
    {
        if (trial.ValueKind != JsonValueKind.Object || !trial.TryGetProperty("allocation", out JsonElement allocation))
        {
            throw new AllocationFileException($"{path}: trial {index} is not an object with a member 'allocation'.");
        }
        string name = trial.TryGetProperty("name", out JsonElement given) && given.ValueKind == JsonValueKind.String ? given.GetString()! : $"trial-{index}";
        try
        {
            return new LabelledAllocation(name,
                allocation.ValueKind == JsonValueKind.Null ? BitAllocation.FullPrecision : BitAllocation.FromJson(allocation), ReadMetrics(trial));
        }
        catch (FormatException error)
        {
            throw new AllocationFileException($"{path}: trial '{name}': {error.Message}", error);
        }
    }

    private static Dictionary<string, double> ReadMetrics(JsonElement trial)
    {
        var metrics = new Dictionary<string, double>(StringComparer.Ordinal);
        Add(trial, "average_bits", StudyMetric.AverageBits.Name);
        Add(trial, "quantized_bytes", StudyMetric.SizeBytes.Name);
        if (trial.TryGetProperty("metrics", out JsonElement labels) && labels.ValueKind == JsonValueKind.Object)
        {
            foreach ((string inFile, string name) in MetricNames) Add(labels, inFile, name);
        }
        return metrics;

        void Add(JsonElement from, string inFile, string name)
        {
            if (from.TryGetProperty(inFile, out JsonElement value) && value.ValueKind == JsonValueKind.Number) metrics[name] = value.GetDouble();
        }
    }

    private static void Check(string path, List<LabelledAllocation> allocations, IReadOnlyCollection<string>? weightNames)
    {
        string? twice = allocations.GroupBy(entry => entry.Name).FirstOrDefault(group => group.Count() > 1)?.Key;
        if (twice is not null) throw new AllocationFileException($"{path}: two trials are named '{twice}'. Give each its own name.");
        if (weightNames is null) return;
        HashSet<string> known = [.. weightNames];
        foreach (LabelledAllocation entry in allocations)
        {
            string? unknown = entry.Allocation.Specs.Keys.FirstOrDefault(name => !known.Contains(name));
            if (unknown is null) continue;
            throw new AllocationFileException($"{path}: trial '{entry.Name}' gives an option to '{unknown}', which is no quantizable weight of this model. "
                + $"Its {known.Count} weights are named like '{weightNames.First()}'; 'q2 inspect' lists them. Is the file for another model?");
        }
    }

    // An allocation made without splitting names a split weight once, and means both parts.
    private static BitAllocation WithParts(BitAllocation allocation, IReadOnlyCollection<string> weightNames)
    {
        if (allocation.Specs.Keys.Any(name => name.Contains(PartMark))) return allocation;
        var choices = new Dictionary<string, QuantizerSpec>(allocation.Specs, StringComparer.Ordinal);
        foreach (string part in weightNames.Where(name => name.Contains(PartMark)))
        {
            if (allocation[part[..part.IndexOf(PartMark)]] is { } option) choices[part] = option;
        }
        return new BitAllocation(choices);
    }

    private static void WriteTrial(Utf8JsonWriter writer, Trial trial)
    {
        writer.WriteStartObject();
        writer.WriteString("name", trial.Name);
        if (trial.Allocation.Specs.Count == 0) writer.WriteNull("allocation");
        else
        {
            writer.WritePropertyName("allocation");
            trial.Allocation.ToJsonObject().WriteTo(writer);
        }
        if (trial.Metrics.TryGetValue(StudyMetric.AverageBits.Name, out double bits)) writer.WriteNumber("average_bits", bits);
        if (trial.Metrics.TryGetValue(StudyMetric.SizeBytes.Name, out double bytes)) writer.WriteNumber("quantized_bytes", (long)bytes);
        writer.WriteStartObject("metrics");
        foreach ((string inFile, string name) in MetricNames)
        {
            if (trial.Metrics.TryGetValue(name, out double value) && double.IsFinite(value)) writer.WriteNumber(inFile, value);
        }
        writer.WriteEndObject();
        writer.WriteEndObject();
    }
}
