using System.Text.Json;
using System.Text.Json.Nodes;
using Qua2SeDiMo.Json;
using Qua2SeDiMo.Models.Configs;

namespace Qua2SeDiMo.Models.Known;

/// <summary>Keys that change nothing here, with the reason.</summary>
/// <param name="Why">Ends the sentence "not read: …".</param>
/// <param name="Names">The keys; one that ends in <c>*</c> covers all that begin so.</param>
internal sealed record IgnoredKeys(string Why, params IReadOnlyList<string> Names)
{
    /// <summary>Whether a key is among them.</summary>
    public bool Contains(string key) =>
        Names.Any(name => name.EndsWith('*') ? key.StartsWith(name[..^1], StringComparison.Ordinal) : key == name);
}

/// <summary>A key that selects a behaviour of which only some are built; any other value is refused by name. Missing
/// and null mean the first.</summary>
/// <param name="Name">The key.</param>
/// <param name="Values">Values that are built, as JSON; the first is the class's default.</param>
internal sealed record LimitedKey(string Name, params IReadOnlyList<string> Values)
{
    /// <summary>Refuses any other value.</summary>
    /// <exception cref="ModelFolderException">The configuration has one.</exception>
    public void Check(ComponentConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        ForeignValue value = config[Name];
        if (value.IsNull || Values.Any(known => IsSame(value, JsonNode.Parse(known))))
            return;
        throw config.Unsupported(Name, $"{string.Join(", ", Values)} {(Values.Count == 1 ? "is" : "are")}");
    }

    private static bool IsSame(ForeignValue value, JsonNode? known) =>
        known?.GetValueKind() switch
        {
            JsonValueKind.Number => value.IsNumber && value.Number() == (double)known,
            JsonValueKind.String => value.IsText && value.Text() == (string?)known,
            JsonValueKind.True or JsonValueKind.False => value.IsFlag && value.Flag() == (bool)known,
            _ => false,
        };
}

/// <summary>
/// What becomes of the keys in the configuration of one class: read, ignored for a reason, or refused beyond the values
/// that are built. A key in none of the lists is named by <c>q2 inspect</c>. docs/inputs.md is written from these
/// tables.
/// </summary>
/// <param name="ClassNames">Classes of diffusers or transformers that have these keys; the first is the present
/// name.</param>
/// <param name="Read">Keys that are read, each with the class's default (as JSON) where it is needed:
/// <c>beta_start=0.0001</c>.</param>
internal sealed record KnownKeys(IReadOnlyList<string> ClassNames, string Read)
{
    private readonly Dictionary<string, JsonNode?> defaults = Read.Split(
            (char[]?)null,
            StringSplitOptions.RemoveEmptyEntries
        )
        .Select(entry => entry.Split('=', 2))
        .ToDictionary(
            entry => entry[0],
            entry => entry.Length > 1 ? JsonNode.Parse(entry[1]) : null,
            StringComparer.Ordinal
        );

    /// <summary>Names of the keys that are read.</summary>
    public IReadOnlyCollection<string> ReadKeys => defaults.Keys;

    /// <summary>Keys that change nothing.</summary>
    public IReadOnlyList<IgnoredKeys> Ignored { get; init; } = [];

    /// <summary>Keys of which not every value is built.</summary>
    public IReadOnlyList<LimitedKey> Limited { get; init; } = [];

    /// <summary>The class's default of a key, for those that have one here.</summary>
    public JsonNode? Default(string key) => defaults.GetValueOrDefault(key)?.DeepClone();

    /// <summary>Whether the class has this key.</summary>
    public bool Has(string key) =>
        defaults.ContainsKey(key)
        || Limited.Any(limited => limited.Name == key)
        || Ignored.Any(ignored => ignored.Contains(key));

    /// <summary>The configuration as the class itself sees it: its own keys, each with the file's value or its default,
    /// and no others.</summary>
    public ComponentConfig Apply(ComponentConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        return config.Restricted(
            ReadKeys
                .Concat(Limited.Select(limited => limited.Name))
                .Select(key => KeyValuePair.Create(key, config.Value(key)?.DeepClone() ?? Default(key)))
        );
    }

    /// <summary>Refuses values that are not built.</summary>
    /// <exception cref="ModelFolderException">The configuration has one.</exception>
    public void Check(ComponentConfig config)
    {
        foreach (LimitedKey limited in Limited)
            limited.Check(config);
    }
}
