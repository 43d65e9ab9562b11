using System.Text.Json.Nodes;
using Qua2SeDiMo.Json;
using Qua2SeDiMo.Quantizers;

namespace Qua2SeDiMo.Studies.Allocations;

/// <summary>
/// Reads one allocation from a JSON file of any of these forms: an object of weight name to option, an object with the
/// member <c>allocation</c>, a plan (<c>entries</c> with <c>key</c>), or trials (<c>trials</c> with <c>name</c>).
/// </summary>
internal static class AllocationChoice
{
    private static readonly string[] Lists = ["entries", "trials"];
    private static readonly string[] Names = ["key", "name"];

    /// <summary>Reads the allocation.</summary>
    /// <param name="path">JSON file.</param>
    /// <param name="entry">Name of the entry to read; null when the file holds only one.</param>
    /// <param name="weightNames">Names of the model's quantizable weights.</param>
    /// <param name="notes">Receives a line for every repeated key.</param>
    /// <exception cref="Q2Exception">The file has none of these forms or no such entry, or names a weight that the
    /// model does not have.</exception>
    public static BitAllocation Read(
        string path,
        string? entry,
        IReadOnlyCollection<string> weightNames,
        Notes? notes = null
    )
    {
        ArgumentNullException.ThrowIfNull(weightNames);
        return Of(ForeignJson.Read(path, notes), entry, weightNames);
    }

    /// <summary>Reads the allocation of a parsed document.</summary>
    /// <exception cref="Q2Exception">The document has none of these forms or no such entry, or names a weight that the
    /// model does not have.</exception>
    internal static BitAllocation Of(ForeignValue document, string? entry, IReadOnlyCollection<string> weightNames)
    {
        ForeignValue found = Find(document.Source, document, entry).Allocation;
        BitAllocation allocation = found.IsNull ? BitAllocation.FullPrecision : BitAllocation.FromJson(found);
        HashSet<string> known = [.. weightNames];
        string? unknown = allocation.Specs.Keys.FirstOrDefault(name => !known.Contains(name));
        return unknown is null
            ? allocation
            : throw new AllocationFileException(
                $"{document.Source}: '{unknown}' is no quantizable weight of this model, whose {known.Count} "
                    + $"weights are named like '{weightNames.FirstOrDefault()}'. Is the file for another model?"
            );
    }

    /// <summary>Source of an allocation as recorded in images and packed models: name of the file, and entry.</summary>
    public static JsonObject Origin(string path, string? entry) =>
        new() { ["allocation"] = Path.GetFileName(path), ["entry"] = entry };

    /// <summary>Bits of layers' inputs in the file of the allocation, as <c>activations</c> of an entry of a
    /// plan.</summary>
    /// <param name="path">JSON file.</param>
    /// <param name="entry">Name of the entry if the file holds several.</param>
    /// <param name="weightNames">Quantizable weights of the model.</param>
    /// <exception cref="Q2Exception">As <see cref="Read"/>, or bits that cannot be.</exception>
    internal static ActivationAllocation ReadActivations(
        string path,
        string? entry,
        IReadOnlyCollection<string> weightNames
    )
    {
        if (Find(path, ForeignJson.Read(path, null), entry).Entry is not { } found)
            return ActivationAllocation.None;
        var activations = ActivationAllocation.FromJson(found["activations"]);
        HashSet<string> known = [.. weightNames];
        return activations.ByWeight.Keys.FirstOrDefault(name => !known.Contains(name)) is { } unknown
            ? throw new AllocationFileException(
                $"{path}: 'activations' names '{unknown}', which is no quantizable weight of this model. Is the file for "
                    + "another model?"
            )
            : activations;
    }

    private static (ForeignValue Allocation, ForeignValue? Entry) Find(string path, ForeignValue root, string? entry)
    {
        RequireVersion(path, root);
        bool isSingle = root.Has("allocation");
        if (!isSingle && root.IsObject && Lists.FirstOrDefault(name => root[name].IsList) is { } list)
            root = root[list];
        if (isSingle || !root.IsList)
        {
            return entry is null
                ? isSingle
                    ? (root["allocation"], root)
                    : (root, null)
                : throw new AllocationFileException(
                    $"{path}: it holds one allocation without a name, so there is no '{entry}'. Leave out the entry."
                );
        }
        ForeignValue[] entries = [.. root.Items.Where(item => item.Has("allocation"))];
        if (entry is null && entries.Length == 1)
            return (entries[0]["allocation"], entries[0]);
        foreach (ForeignValue item in entries)
        {
            if (entry is not null && Name(item) == entry)
                return (item["allocation"], item);
        }
        string names = string.Join(", ", entries.Select(Name));
        throw new AllocationFileException(
            entry is null
                ? $"{path}: it holds {entries.Length} allocations; name one of {names}."
                : $"{path}: no allocation is named '{entry}'; there are {names}."
        );
    }

    // A plan of a later version may mean something else by the same members.
    private static void RequireVersion(string path, ForeignValue root)
    {
        if (!root.Has("entries") || !root["version"].IsNumber || root["version"].Number() <= OwnJson.Version)
            return;
        throw new AllocationFileException(
            $"{path}: it is a plan of version {root["version"].Number()}, and this program reads version "
                + $"{OwnJson.Version}. Use the program that wrote it."
        );
    }

    private static string? Name(ForeignValue item) =>
        Names.Select(name => item[name]).FirstOrDefault(name => name.IsText) is { IsText: true } found
            ? found.Text()
            : null;
}
