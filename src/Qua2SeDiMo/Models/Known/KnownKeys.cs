using System.Text.Json;
using System.Text.Json.Nodes;
using Qua2SeDiMo.Json;
using Qua2SeDiMo.Models.Configs;

namespace Qua2SeDiMo.Models.Known;

/// <summary>Keys that do not affect the results, with the reason.</summary>
/// <param name="Why">The reason; completes the sentence "not read: …".</param>
/// <param name="Names">The keys; a name that ends in <c>*</c> matches all keys with that prefix.</param>
internal sealed record IgnoredKeys(string Why, params IReadOnlyList<string> Names)
{
    /// <summary>Whether a key is one of these.</summary>
    public bool Contains(string key) =>
        Names.Any(name => name.EndsWith('*') ? key.StartsWith(name[..^1], StringComparison.Ordinal) : key == name);
}

/// <summary>A key of which only some values are supported; any other value is rejected. A missing or null key means the
/// first value.</summary>
/// <param name="Name">The key.</param>
/// <param name="Values">Supported values, as JSON; the first is the class's default.</param>
internal sealed record LimitedKey(string Name, params IReadOnlyList<string> Values)
{
    /// <summary>Rejects unsupported values.</summary>
    /// <exception cref="ModelFolderException">The configuration has an unsupported value.</exception>
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
/// The known configuration keys of one class: read, ignored for a reason, or limited to supported values. <c>q2
/// inspect</c> reports keys in none of the lists. docs/inputs.md is generated from these tables.
/// </summary>
/// <param name="ClassNames">Classes of diffusers or transformers that have these keys; the first is the current
/// name.</param>
/// <param name="Read">Keys that are read, separated by blanks, each with the class's default as JSON if it is needed:
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

    /// <summary>Keys that do not affect the results.</summary>
    public IReadOnlyList<IgnoredKeys> Ignored { get; init; } = [];

    /// <summary>Keys of which not every value is supported.</summary>
    public IReadOnlyList<LimitedKey> Limited { get; init; } = [];

    /// <summary>The class's default of a key; null when the table has none.</summary>
    public JsonNode? Default(string key) => defaults.GetValueOrDefault(key)?.DeepClone();

    /// <summary>Whether the class has this key.</summary>
    public bool Has(string key) =>
        defaults.ContainsKey(key)
        || Limited.Any(limited => limited.Name == key)
        || Ignored.Any(ignored => ignored.Contains(key));

    /// <summary>The configuration restricted to the keys of the class, each with the file's value or the class's
    /// default.</summary>
    public ComponentConfig Apply(ComponentConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        return config.Restricted(
            ReadKeys
                .Concat(Limited.Select(limited => limited.Name))
                .Select(key => KeyValuePair.Create(key, config.Value(key)?.DeepClone() ?? Default(key)))
        );
    }

    /// <summary>Rejects unsupported values.</summary>
    /// <exception cref="ModelFolderException">The configuration has an unsupported value.</exception>
    public void Check(ComponentConfig config)
    {
        foreach (LimitedKey limited in Limited)
            limited.Check(config);
    }
}
