using System.Text.Json;
using System.Text.Json.Nodes;
using Qua2SeDiMo.Models;
using Qua2SeDiMo.Quantizers;

namespace Qua2SeDiMo.Packing;

/// <summary>
/// <c>q2_pack.json</c> of a folder in another program's format: what was done to the weights, which the format itself cannot say.
/// </summary>
/// <param name="Format">Format of the folder.</param>
/// <param name="AverageBits">By the size formula.</param>
/// <param name="ActivationBits">Bits that activations are to be rounded to; null leaves them.</param>
/// <param name="Allocation">Option of every quantized weight.</param>
/// <param name="Plan">Where the allocation came from; null when it was not said.</param>
public sealed record PackNote(PackFormat Format, double AverageBits, int? ActivationBits, BitAllocation Allocation, JsonObject? Plan)
{
    /// <summary>Name of the file, in the folder itself.</summary>
    public const string FileName = "q2_pack.json";

    private const string Kind = "q2-pack-note";
    private const int Version = 1;
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    internal void Write(string folder)
    {
        var root = new JsonObject
        {
            ["format"] = Kind,
            ["version"] = Version,
            ["kind"] = Format.ToString().ToLowerInvariant(),
            ["average_bits"] = AverageBits,
            ["activation_bits"] = ActivationBits,
            ["plan"] = Plan?.DeepClone(),
            ["allocation"] = Allocation.ToJsonObject(),
        };
        AtomicFile.WriteText(Path.Combine(folder, FileName), root.ToJsonString(Indented) + "\n");
    }

    /// <summary>Reads the note of a folder; null where there is none.</summary>
    /// <exception cref="PackedModelException">It is damaged.</exception>
    public static PackNote? Read(string folder)
    {
        string path = Path.Combine(folder, FileName);
        if (!File.Exists(path)) return null;
        try
        {
            JsonObject root = ComponentConfig.Read(path).Root;
            if ((string?)root["format"] != Kind || (int?)root["version"] != Version) throw new PackedModelException($"{path}: format '{root["format"]}' version {root["version"]}, expected '{Kind}' version {Version}. Pack again.");
            int? bits = (int?)root["activation_bits"];
            if (bits is < 2 or > 8) throw new PackedModelException($"{path}: activations of {bits} bits; 2 to 8 are possible.");
            return new PackNote(Enum.Parse<PackFormat>((string)root["kind"]!, ignoreCase: true), (double)root["average_bits"]!, bits,
                BitAllocation.FromJson(root["allocation"]!.ToJsonString()), root["plan"] as JsonObject);
        }
        catch (Exception error) when (error is InvalidOperationException or FormatException or NullReferenceException or ArgumentException or OverflowException or JsonException)
        {
            throw new PackedModelException($"{path}: not a note of a packed model ({error.Message}). The file is damaged or was edited: pack again.", error);
        }
    }
}
