using System.Text.RegularExpressions;

namespace Qua2SeDiMo.Models;

/// <summary>
/// Chooses the safetensors file or index with a folder's weights, by the file names of diffusers and transformers: the
/// canonical file, its index, then one variant, as a file or as an index in one of two spellings. Other safetensors
/// files (adapters, copies with other names) are never chosen. Source: <c>_add_variant</c>, <c>_fetch_index_file</c>
/// and <c>_fetch_index_file_legacy</c> of diffusers, <c>from_pretrained</c> of transformers.
/// </summary>
internal sealed partial class WeightCandidates
{
    // Variants that differ from the canonical file only in precision, in order of preference.
    private static readonly string[] Precisions = ["fp32", "fp16", "bf16"];
    private static readonly string[] WeightEndings =
    [
        ".safetensors",
        ".safetensors.index.json",
        ".bin",
        ".pt",
        ".pth",
        ".ckpt",
        ".msgpack",
        ".h5",
        ".gguf",
        ".onnx",
        ".xml",
    ];

    private readonly HashSet<string> names;
    private readonly string stem;

    private WeightCandidates(IEnumerable<string> names, string stem)
    {
        this.names = new HashSet<string>(names, StringComparer.Ordinal);
        this.stem = stem;
    }

    /// <summary>The chosen file or index; null when there is none.</summary>
    internal string? Chosen { get; private set; }

    /// <summary>The variant in the name of <see cref="Chosen"/>; null for a canonical name.</summary>
    internal string? Variant { get; private set; }

    /// <summary>Why a variant was chosen, a file besides its index, or nothing; null for a canonical name without
    /// alternatives.</summary>
    internal string? Reason { get; private set; }

    /// <summary>Whether <see cref="Chosen"/> is an index.</summary>
    internal bool IsIndex => Chosen?.EndsWith(".json", StringComparison.Ordinal) == true;

    /// <summary>The name of <see cref="Chosen"/> without its variant.</summary>
    internal string CanonicalName => IsIndex ? $"{stem}.safetensors.index.json" : $"{stem}.safetensors";

    /// <summary>Chooses among the names of a folder's files.</summary>
    /// <param name="names">File names; those that begin with a dot are ignored.</param>
    /// <param name="stems">Names without extension, in order of preference.</param>
    internal static WeightCandidates Choose(IReadOnlyList<string> names, IReadOnlyList<string> stems)
    {
        WeightCandidates[] all =
        [
            .. stems.Select(stem => new WeightCandidates(names.Where(name => !name.StartsWith('.')), stem)),
        ];
        return Array.Find(all, one => one.TakeCanonical())
            ?? Array.Find(all, one => one.TakeVariant())
            ?? all[0].WithoutChoice(stems);
    }

    /// <summary>Names of files that look like weights in any format, for messages.</summary>
    internal static IReadOnlyList<string> LookingLikeWeights(IEnumerable<string> names) =>
        [
            .. names
                .Where(name =>
                    !name.StartsWith('.')
                    && (
                        WeightEndings.Any(ending => name.EndsWith(ending, StringComparison.Ordinal))
                        || AnyIndex().IsMatch(name)
                    )
                )
                .Order(StringComparer.Ordinal),
        ];

    private bool TakeCanonical()
    {
        string[] there = [.. new[] { $"{stem}.safetensors", $"{stem}.safetensors.index.json" }.Where(names.Contains)];
        if (there.Length > 1)
            Reason =
                $"both {there[0]} and {there[1]} are there; {there[0]} is read, and the shards of the index are not";
        Chosen = there.FirstOrDefault();
        return Chosen is not null;
    }

    private bool TakeVariant()
    {
        SortedDictionary<string, string> variants = Variants();
        if (variants.Count == 0)
            return false;
        string listed = string.Join(", ", variants.Values.Order(StringComparer.Ordinal));
        string? taken = variants.Count == 1 ? variants.Keys.First() : Precisions.FirstOrDefault(variants.ContainsKey);
        if (taken is null)
        {
            Reason =
                $"there are several variants ({listed}), which differ in more than precision, and no {stem}.safetensors; keep one, "
                + "or give one that name";
            return true;
        }
        (Chosen, Variant) = (variants[taken], taken);
        Reason =
            $"there is no {stem}.safetensors and no index of that name; "
            + (
                variants.Count == 1
                    ? $"the only variant, {variants[taken]}, is read"
                    : $"of the variants ({listed}) {variants[taken]} is read, the first of {string.Join(", ", Precisions)}"
            );
        return true;
    }

    // Files by variant. Of one variant, the single file is preferred to the current spelling of the index, and that to
    // the older one.
    private SortedDictionary<string, string> Variants()
    {
        var result = new SortedDictionary<string, string>(StringComparer.Ordinal);
        string start = Regex.Escape(stem);
        string[] patterns =
        [
            $@"^{start}\.(?!.*-\d{{5}}-of-\d{{5}})(?<variant>.+)\.safetensors$",
            $@"^{start}\.safetensors\.index\.(?<variant>.+)\.json$",
            $@"^{start}\.safetensors\.(?<variant>.+)\.index\.json$",
        ];
        foreach (string pattern in patterns)
        {
            foreach (string name in names.Order(StringComparer.Ordinal))
            {
                if (Regex.Match(name, pattern, RegexOptions.CultureInvariant) is { Success: true } match)
                {
                    result.TryAdd(match.Groups["variant"].Value, name);
                }
            }
        }
        return result;
    }

    private WeightCandidates WithoutChoice(IReadOnlyList<string> stems)
    {
        string expected = string.Join(
            " or ",
            stems.Select(name => $"{name}.safetensors (or its index, or one variant such as {name}.fp16.safetensors)")
        );
        IReadOnlyList<string> seen = LookingLikeWeights(names);
        string[] shards = [.. seen.Where(name => Shard().IsMatch(name))];
        Reason =
            (
                seen.Count == 0
                    ? "no weights"
                    : $"no weights under a name that is read; there are {string.Join(", ", seen.Take(8))}{(seen.Count > 8 ? ", …" : "")}"
            )
            + $". Expected is {expected}."
            + (
                shards.Length > 0
                    ? $" The index that says which shard holds what ({stem}.safetensors.index.json) is missing: was the download complete?"
                : seen.Any(name => name.EndsWith(".safetensors", StringComparison.Ordinal))
                    ? " A file that holds the whole component may be given that name; adapters (LoRA) have to be merged into the weights "
                        + "first."
                : seen.Any(name => Pickle().IsMatch(name))
                    ? " Pickled weights (.bin, .pt, .ckpt) can run code when opened and are never read: save the pipeline with diffusers "
                        + "as safetensors (save_pretrained)."
                : ""
            );
        return this;
    }

    [GeneratedRegex(@"\.safetensors\..*json$")]
    private static partial Regex AnyIndex();

    [GeneratedRegex(@"-\d{5}-of-\d{5}.*\.safetensors$")]
    private static partial Regex Shard();

    [GeneratedRegex(@"\.(bin|pt|pth|ckpt)$")]
    private static partial Regex Pickle();
}
