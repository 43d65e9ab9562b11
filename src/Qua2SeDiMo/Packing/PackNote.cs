using System.Text.Json;
using System.Text.Json.Nodes;
using Qua2SeDiMo.Json;
using Qua2SeDiMo.Quantizers;
using Qua2SeDiMo.Storage;

namespace Qua2SeDiMo.Packing;

/// <summary><c>q2_pack.json</c> of a folder in another program's format: records how the weights were quantized, which
/// that format cannot express.</summary>
/// <param name="Format">Format of the folder.</param>
/// <param name="AverageBits">Average bits of the quantizable weights by the size formula.</param>
/// <param name="Activations">Bits that inputs of layers are to be rounded to.</param>
/// <param name="Allocation">Option of every quantized weight.</param>
/// <param name="Plan">Origin of the allocation; null if unknown.</param>
internal sealed record PackNote(
    PackFormat Format,
    double AverageBits,
    ActivationAllocation Activations,
    BitAllocation Allocation,
    JsonObject? Plan
)
{
    /// <summary>Name of the file, in the folder itself.</summary>
    public const string FileName = "q2_pack.json";

    private const string Kind = "q2-pack-note";

    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    internal void Write(string folder)
    {
        var root = new JsonObject
        {
            ["format"] = Kind,
            ["version"] = PackedActivations.VersionOf(Activations),
            ["kind"] = Format.ToString().ToLowerInvariant(),
            ["average_bits"] = AverageBits,
            ["activation_bits"] = Activations.Common,
            ["plan"] = Plan?.DeepClone(),
            ["allocation"] = Allocation.ToJsonObject(),
        };
        if (Activations.ToJsonObject() is { } activations)
            root["activations"] = activations;
        AtomicFile.WriteText(Path.Combine(folder, FileName), root.ToJsonString(Indented) + "\n");
    }

    /// <summary>Reads the note of a folder; null if there is none.</summary>
    /// <exception cref="PackedModelException">The note is damaged.</exception>
    public static PackNote? Read(string folder)
    {
        string path = Path.Combine(folder, FileName);
        if (!File.Exists(path))
            return null;
        return OwnJson.Read(path, Remedy.Pack, Of);
    }

    /// <summary>Reads the note from a parsed document.</summary>
    /// <exception cref="Q2Exception">The note is damaged.</exception>
    internal static PackNote Of(ForeignValue root)
    {
        if (root["format"].Text() != Kind || !PackedActivations.IsVersion(root["version"].Int()))
        {
            throw new PackedModelException(
                $"{root.Source}: format {root["format"]} version {root["version"]}, expected '{Kind}' of "
                    + $"the versions {PackedActivations.Versions}. Pack again."
            )
            {
                Remedy = Remedy.Pack,
            };
        }
        string kind = root["kind"].Text();
        PackFormat? format = Enum.GetValues<PackFormat>()
            .Cast<PackFormat?>()
            .FirstOrDefault(candidate => candidate.ToString()!.Equals(kind, StringComparison.OrdinalIgnoreCase));
        return new PackNote(
            format
                ?? throw root["kind"]
                    .Fault($"one of {string.Join(", ", Enum.GetNames<PackFormat>()).ToLowerInvariant()}"),
            root["average_bits"].Number(),
            PackedActivations.Read(root),
            BitAllocation.FromJson(root["allocation"]),
            root["plan"].IsNull ? null : root["plan"].AsObject()
        );
    }
}
