using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Qua2SeDiMo.Json;

namespace Qua2SeDiMo.Studies;

/// <summary>
/// Everything that must be equal for two trials to be comparable: content of the model, prompts, steps, guidance,
/// seeds, sampler. The number of trials is not part of it.
/// </summary>
internal sealed class StudySettings
{
    /// <summary>Name of the setting with the version of the algorithm; absent in studies of old versions.</summary>
    public const string Algorithm = "algorithm";

    /// <summary>Name of the setting with the prompts, one per line.</summary>
    public const string Prompts = "prompts";

    /// <summary>Prefix of the names of settings that hold fingerprints of the model.</summary>
    public const string OfModel = "model/";

    /// <summary>Prefix of the names of settings that hold fingerprints of the files that images are scored
    /// with.</summary>
    public const string OfScoring = "scoring/";

    private readonly SortedDictionary<string, string> values;

    /// <summary>Copies the settings.</summary>
    public StudySettings(IEnumerable<KeyValuePair<string, string>> values) =>
        this.values = new SortedDictionary<string, string>(values.ToDictionary(), StringComparer.Ordinal);

    /// <summary>Values by name, in ordinal order of names.</summary>
    public IReadOnlyDictionary<string, string> Values => values;

    /// <summary>SHA-256 of the canonical JSON, 64 hexadecimal digits; settings are compared by it.</summary>
    public string Fingerprint => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(ToJson())));

    /// <summary>Canonical JSON: an object of strings, keys in ordinal order.</summary>
    public string ToJson() =>
        new JsonObject(
            values.Select(pair => KeyValuePair.Create(pair.Key, (JsonNode?)JsonValue.Create(pair.Value)))
        ).ToJsonString();

    /// <summary>Values of the settings whose names begin with a prefix, keyed by the rest of the name.</summary>
    public IReadOnlyDictionary<string, string> Under(string prefix)
    {
        ArgumentNullException.ThrowIfNull(prefix);
        return values
            .Where(pair => pair.Key.StartsWith(prefix, StringComparison.Ordinal))
            .ToDictionary(pair => pair.Key[prefix.Length..], pair => pair.Value, StringComparer.Ordinal);
    }

    /// <summary>Parses the result of <see cref="ToJson"/>.</summary>
    /// <exception cref="DamagedFileException">The text is not a JSON object of strings.</exception>
    public static StudySettings FromJson(string json) =>
        new(
            OwnJson.Parse<Dictionary<string, string>>(
                Encoding.UTF8.GetBytes(json),
                "settings of the study",
                Remedy.Study
            )
        );

    /// <summary>Names whose values differ or exist on one side only, with both values (null where absent), in ordinal
    /// order.</summary>
    public IReadOnlyList<(string Name, string? Here, string? There)> DifferencesFrom(StudySettings other)
    {
        ArgumentNullException.ThrowIfNull(other);
        return
        [
            .. values
                .Keys.Union(other.values.Keys)
                .Order(StringComparer.Ordinal)
                .Select(name => (name, values.GetValueOrDefault(name), other.values.GetValueOrDefault(name)))
                .Where(pair => pair.Item2 != pair.Item3),
        ];
    }
}
