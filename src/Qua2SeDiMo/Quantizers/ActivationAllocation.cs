using System.Globalization;
using System.Text.Json.Nodes;
using Qua2SeDiMo.Json;

namespace Qua2SeDiMo.Quantizers;

/// <summary>Bits that the inputs of layers are rounded to while a model runs: the same for all, or layer by
/// layer.</summary>
internal sealed class ActivationAllocation : IEquatable<ActivationAllocation>
{
    /// <summary>Bits of an input that is not rounded, where something has to be named.</summary>
    public const int UnroundedBits = 16;

    /// <summary>Fewest and most bits of a code.</summary>
    public const int MinBits = 2,
        MaxBits = 8;

    private readonly int? everywhere;
    private readonly SortedDictionary<string, int> bits;

    /// <summary>Copies the choices.</summary>
    /// <param name="choices">2 to 8 bits, or 16 for an input that is not rounded, by weight name; one that is not
    /// listed is not rounded.</param>
    /// <exception cref="ArgumentOutOfRangeException">Other bits.</exception>
    public ActivationAllocation(IEnumerable<KeyValuePair<string, int>> choices)
    {
        bits = new SortedDictionary<string, int>(StringComparer.Ordinal);
        foreach ((string name, int width) in choices)
        {
            if (!IsWidth(width))
                throw new ArgumentOutOfRangeException(nameof(choices), width, $"The input of '{name}' has such bits.");
            if (width != UnroundedBits)
                bits[name] = width;
        }
    }

    private ActivationAllocation(int? everywhere)
        : this([]) => this.everywhere = everywhere;

    /// <summary>Nothing is rounded.</summary>
    public static ActivationAllocation None { get; } = new((int?)null);

    /// <summary>Bits of every layer; null where layers differ or nothing is rounded.</summary>
    public int? Common => everywhere;

    /// <summary>Bits by weight name where layers were chosen one by one; empty elsewhere.</summary>
    public IReadOnlyDictionary<string, int> ByWeight => bits;

    /// <summary>Whether nothing is rounded.</summary>
    public bool IsNone => everywhere is null && bits.Count == 0;

    /// <summary>Bits of the input of a weight's layers; null where it is not rounded.</summary>
    public int? this[string weightName] => everywhere ?? (bits.TryGetValue(weightName, out int width) ? width : null);

    /// <summary>The same bits for every layer; null for none.</summary>
    public static ActivationAllocation Everywhere(int? bits) =>
        bits is null ? None
        : bits is >= MinBits and <= MaxBits ? new ActivationAllocation(bits)
        : throw new ArgumentOutOfRangeException(nameof(bits), bits, "An activation code has 2 to 8 bits.");

    /// <summary>Choices layer by layer where there are some, else the same bits for all.</summary>
    public static ActivationAllocation Of(int? everywhere, IReadOnlyDictionary<string, int>? byWeight) =>
        byWeight is { Count: > 0 } ? new ActivationAllocation(byWeight) : Everywhere(everywhere);

    /// <summary>Whether an input can be said to have such bits.</summary>
    public static bool IsWidth(int bits) => bits is (>= MinBits and <= MaxBits) or UnroundedBits;

    /// <summary>Canonical JSON object, weight name to bits, of <see cref="ByWeight"/>; null where that is
    /// empty.</summary>
    public JsonObject? ToJsonObject() =>
        bits.Count == 0
            ? null
            : new JsonObject(
                bits.Select(pair => KeyValuePair.Create(pair.Key, (JsonNode?)JsonValue.Create(pair.Value)))
            );

    /// <summary>Reads the form of <see cref="ToJsonObject"/>.</summary>
    /// <exception cref="JsonFileException">Not an object of bits.</exception>
    internal static ActivationAllocation FromJson(ForeignValue value)
    {
        if (value.IsNull)
            return None;
        if (!value.IsObject)
            throw value.Fault("bits of layers' inputs: an object of weight name to bits");
        var choices = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach ((string name, ForeignValue width) in value.Members)
        {
            choices[name] = IsWidth(width.Int())
                ? width.Int()
                : throw width.Fault($"{MinBits} to {MaxBits} bits, or {UnroundedBits}, for the input of '{name}'");
        }
        return new ActivationAllocation(choices);
    }

    /// <summary>In words: <c>8 bits</c>, or how many layers have how many.</summary>
    public override string ToString() =>
        everywhere is { } all ? $"{all} bits"
        : bits.Count == 0 ? "not rounded"
        : string.Join(
            ", ",
            bits.Values.GroupBy(width => width)
                .OrderByDescending(group => group.Key)
                .Select(group => string.Create(CultureInfo.InvariantCulture, $"{group.Count()} × {group.Key} bits"))
        );

    /// <inheritdoc/>
    public bool Equals(ActivationAllocation? other) =>
        other is not null && everywhere == other.everywhere && bits.SequenceEqual(other.bits);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as ActivationAllocation);

    /// <inheritdoc/>
    public override int GetHashCode() =>
        bits.Aggregate(everywhere ?? 0, (hash, pair) => HashCode.Combine(hash, pair.Key, pair.Value));
}
