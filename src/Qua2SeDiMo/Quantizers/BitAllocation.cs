using System.Text.Json.Nodes;
using Qua2SeDiMo.Graphs.Ir;
using Qua2SeDiMo.Json;
using Qua2SeDiMo.Kernels.Codes;

namespace Qua2SeDiMo.Quantizers;

/// <summary>One option per quantizable weight; an unlisted weight keeps its original precision.</summary>
public sealed class BitAllocation : IEquatable<BitAllocation>
{
    private readonly SortedDictionary<string, QuantizerSpec> specs;

    /// <summary>Copies the choices.</summary>
    public BitAllocation(IEnumerable<KeyValuePair<string, QuantizerSpec>> choices) =>
        specs = new SortedDictionary<string, QuantizerSpec>(choices.ToDictionary(), StringComparer.Ordinal);

    /// <summary>The allocation that quantizes nothing.</summary>
    public static BitAllocation FullPrecision { get; } = new([]);

    /// <summary>Choices by weight name, in ordinal order.</summary>
    public IReadOnlyDictionary<string, QuantizerSpec> Specs => specs;

    /// <summary>The option of a weight, or null for full precision.</summary>
    public QuantizerSpec? this[string weightName] => specs.GetValueOrDefault(weightName);

    /// <summary>The same option for every weight.</summary>
    internal static BitAllocation Uniform(IEnumerable<QuantizableWeight> weights, QuantizerSpec spec) =>
        ForEach(weights, _ => spec);

    /// <summary>An allocation whose options a function chooses weight by weight.</summary>
    internal static BitAllocation ForEach(
        IEnumerable<QuantizableWeight> weights,
        Func<QuantizableWeight, QuantizerSpec> choose
    ) => new(weights.Select(weight => KeyValuePair.Create(weight.Name, choose(weight))));

    /// <summary>A copy in which every tied weight takes the option of the weight that it is tied to.</summary>
    /// <param name="weights">The quantizable weights of the denoiser.</param>
    internal BitAllocation WithTies(IEnumerable<QuantizableWeight> weights)
    {
        ArgumentNullException.ThrowIfNull(weights);
        var choices = new Dictionary<string, QuantizerSpec>(specs, StringComparer.Ordinal);
        foreach (QuantizableWeight weight in weights.Where(weight => weight.TiedTo is not null))
        {
            if (this[weight.TiedTo!] is { } option)
                choices[weight.Name] = option;
            else
                choices.Remove(weight.Name);
        }
        return new BitAllocation(choices);
    }

    /// <summary>Bytes of the given weights by the size formula; unlisted weights count at their original
    /// precision.</summary>
    /// <param name="weights">The quantizable weights of the denoiser.</param>
    /// <param name="originalBits">P: 16 or 32.</param>
    internal long SizeBytes(IEnumerable<QuantizableWeight> weights, int originalBits)
    {
        ArgumentNullException.ThrowIfNull(weights);
        return weights.Sum(weight =>
            this[weight.Name]?.SizeBytes(weight.ElementCount, weight.OutChannels, originalBits)
            ?? weight.ElementCount * originalBits / 8
        );
    }

    /// <summary>Average bits (avg_bits of the published code): P · Σ quantized bytes / Σ original bytes, tables
    /// included.</summary>
    internal double AverageBits(IReadOnlyCollection<QuantizableWeight> weights, int originalBits)
    {
        ArgumentNullException.ThrowIfNull(weights);
        long original = weights.Sum(weight => weight.ElementCount * originalBits / 8);
        return originalBits * (double)SizeBytes(weights, originalBits) / original;
    }

    /// <summary>Canonical JSON object, weight name to option, in ordinal order: equal allocations give equal
    /// text.</summary>
    public string ToJson() => ToJsonObject().ToJsonString();

    /// <summary>The object of <see cref="ToJson"/>, to place inside another document.</summary>
    public JsonObject ToJsonObject() =>
        new(specs.Select(pair => KeyValuePair.Create(pair.Key, (JsonNode?)JsonValue.Create(pair.Value.ToString()))));

    /// <summary>Reads the form of <see cref="ToJson"/>.</summary>
    /// <exception cref="JsonFileException">The value is not an object of weight name to option.</exception>
    public static BitAllocation FromJson(string json) =>
        FromJson(ForeignJson.Parse(System.Text.Encoding.UTF8.GetBytes(json), "allocation"));

    /// <summary>Reads the form of <see cref="ToJson"/> from a parsed document.</summary>
    /// <exception cref="JsonFileException">The value is not an object of weight name to option.</exception>
    internal static BitAllocation FromJson(ForeignValue value)
    {
        if (!value.IsObject)
            throw value.Fault("an allocation: an object of weight name to option");
        var choices = new Dictionary<string, QuantizerSpec>(StringComparer.Ordinal);
        foreach ((string name, ForeignValue option) in value.Members)
        {
            choices[name] =
                option.IsText && QuantizerSpec.TryParse(option.Text(), out QuantizerSpec? spec)
                    ? spec
                    : throw option.Fault(
                        $"an option of the weight '{name}'; options are {string.Join(", ", QuantizerSpec.PaperOptions)}"
                    );
        }
        return new BitAllocation(choices);
    }

    /// <inheritdoc/>
    public bool Equals(BitAllocation? other) => other is not null && specs.SequenceEqual(other.specs);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as BitAllocation);

    /// <inheritdoc/>
    public override int GetHashCode() =>
        specs.Aggregate(0, (hash, pair) => HashCode.Combine(hash, pair.Key, pair.Value));
}
