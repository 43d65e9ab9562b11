using System.Text.Json;
using Qua2SeDiMo.Quantizers;
using Qua2SeDiMo.Studies;

namespace Qua2SeDiMo.Stages;

/// <summary>
/// Reads one allocation from any file that holds some: an object of weight name to option, an object with the member <c>allocation</c>, a plan
/// (<c>entries</c> with <c>key</c>), or trials (<c>trials</c> with <c>name</c>).
/// </summary>
public static class AllocationChoice
{
    private static readonly string[] Lists = ["entries", "trials"];
    private static readonly string[] Names = ["key", "name"];

    /// <summary>Reads the allocation.</summary>
    /// <param name="path">JSON file.</param>
    /// <param name="entry">Name of the entry where the file holds several; null where it holds one.</param>
    /// <param name="weightNames">Quantizable weights of the model.</param>
    /// <exception cref="AllocationFileException">Not of these forms, no such entry, or a weight that the model does not have.</exception>
    public static BitAllocation Read(string path, string? entry, IReadOnlyCollection<string> weightNames)
    {
        ArgumentNullException.ThrowIfNull(weightNames);
        try
        {
            using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(path));
            JsonElement found = Find(path, document.RootElement, entry);
            BitAllocation allocation = found.ValueKind == JsonValueKind.Null ? BitAllocation.FullPrecision : BitAllocation.FromJson(found);
            HashSet<string> known = [.. weightNames];
            string? unknown = allocation.Specs.Keys.FirstOrDefault(name => !known.Contains(name));
            return unknown is null ? allocation : throw new AllocationFileException(
                $"{path}: '{unknown}' is no quantizable weight of this model, whose {known.Count} weights are named like '{weightNames.FirstOrDefault()}'. Is the file for another model?");
        }
        catch (Exception error) when (error is JsonException or FormatException or IOException or UnauthorizedAccessException)
        {
            throw new AllocationFileException($"{path}: no allocation can be read: {error.Message}", error);
        }
    }

    private static JsonElement Find(string path, JsonElement root, string? entry)
    {
        if (root.ValueKind == JsonValueKind.Object)
        {
            if (root.TryGetProperty("allocation", out JsonElement single)) return single;
            string? list = Lists.FirstOrDefault(name => root.TryGetProperty(name, out JsonElement member) && member.ValueKind == JsonValueKind.Array);
            if (list is null) return root;
            root = root.GetProperty(list);
        }
        if (root.ValueKind != JsonValueKind.Array) return root;
        JsonElement[] entries = [.. root.EnumerateArray().Where(item => item.ValueKind == JsonValueKind.Object && item.TryGetProperty("allocation", out _))];
        if (entry is null && entries.Length == 1) return entries[0].GetProperty("allocation");
        foreach (JsonElement item in entries)
        {
            if (entry is not null && Name(item) == entry) return item.GetProperty("allocation");
        }
        string names = string.Join(", ", entries.Select(Name));
        throw new AllocationFileException(entry is null ? $"{path}: it holds {entries.Length} allocations; name one of {names}." : $"{path}: no allocation is named '{entry}'; there are {names}.");
    }

    private static string? Name(JsonElement item) =>
        Names.Where(name => item.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.String).Select(name => item.GetProperty(name).GetString()).FirstOrDefault();
}
