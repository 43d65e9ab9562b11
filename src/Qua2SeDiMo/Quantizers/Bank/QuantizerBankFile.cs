using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Qua2SeDiMo.Json;
using Qua2SeDiMo.Kernels.Codes;
using Qua2SeDiMo.Models;
using Qua2SeDiMo.Quantizers.Palettes;
using Qua2SeDiMo.Storage;

namespace Qua2SeDiMo.Quantizers.Bank;

/// <summary>The manifest's entry for one weight.</summary>
/// <param name="Name">Name of the weight.</param>
/// <param name="FileName">Its safetensors file inside the bank.</param>
/// <param name="OutChannels">C.</param>
/// <param name="RowLength">K.</param>
/// <param name="OriginalType">Type in the checkpoint.</param>
/// <param name="TableType">Precision of tables: Float32, Float16 or BFloat16.</param>
/// <param name="Fingerprint">SHA-256 of the weights and of everything else that determines the result, lower-case
/// hexadecimal.</param>
/// <param name="MeanErrors">Mean |w − ŵ|^2.4 under each option.</param>
internal sealed record BankEntry(
    string Name,
    string FileName,
    int OutChannels,
    int RowLength,
    ElementType OriginalType,
    ElementType TableType,
    string Fingerprint,
    IReadOnlyDictionary<QuantizerSpec, double> MeanErrors
);

/// <summary>Reader and writer of a bank's files (docs/formats.md): <c>bank.json</c> and one safetensors file per
/// weight.</summary>
internal static class QuantizerBankFile
{
    internal const string ManifestName = "bank.json";
    private const string Format = "q2-bank",
        Version = "2",
        ChecksumKey = "sha256.";

    /// <summary>File of a weight: its name with everything but letters, digits and <c>-_.~</c>
    /// percent-encoded.</summary>
    internal static string FileName(string weightName) => Uri.EscapeDataString(weightName) + ".safetensors";

    /// <summary>Hash of the weights' values, shape and types, and of the options. Equal fingerprints give equal
    /// files.</summary>
    internal static string Fingerprint(WeightMatrix weight, IReadOnlyList<QuantizerSpec> options, ElementType tableType)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(
            Encoding.UTF8.GetBytes(
                string.Join(
                    '\n',
                    Format,
                    Version,
                    weight.Name,
                    weight.OutChannels,
                    weight.RowLength,
                    weight.OriginalType,
                    tableType,
                    string.Join(' ', options)
                )
            )
        );
        hash.AppendData(MemoryMarshal.AsBytes(weight.Values.Span));
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    internal static void WriteWeight(string path, string fingerprint, IReadOnlyList<QuantizedWeight> options)
    {
        Dictionary<string, string> metadata = options.ToDictionary(
            option => "error." + option.Spec,
            option => $"{option.MeanError:R}"
        );
        foreach (QuantizedWeight option in options)
            metadata[ChecksumKey + option.Spec] = QuantizedWeightTensors.Checksum(option);
        metadata["format"] = Format;
        metadata["version"] = Version;
        metadata["fingerprint"] = fingerprint;
        SafetensorsWriter.Write(
            path,
            [.. options.SelectMany(option => QuantizedWeightTensors.Items(option.Spec.ToString(), option))],
            metadata
        );
    }

    /// <summary>The errors that a finished file states; null if the file is missing, damaged, incomplete or of another
    /// source.</summary>
    internal static IReadOnlyDictionary<QuantizerSpec, double>? ReadErrors(
        string path,
        string fingerprint,
        WeightMatrix weight,
        IReadOnlyList<QuantizerSpec> options,
        ElementType tableType
    )
    {
        if (!File.Exists(path))
            return null;
        try
        {
            using SafetensorsFile file = SafetensorsFile.Open(path);
            if (file.Metadata.GetValueOrDefault("fingerprint") != fingerprint)
                return null;
            var errors = new Dictionary<QuantizerSpec, double>();
            foreach (QuantizerSpec spec in options)
            {
                if (
                    !double.TryParse(
                        file.Metadata.GetValueOrDefault("error." + spec),
                        CultureInfo.InvariantCulture,
                        out double error
                    )
                )
                    return null;
                foreach (
                    TensorInfo tensor in QuantizedWeightTensors.Describe(
                        spec.ToString(),
                        spec,
                        weight.OutChannels,
                        weight.RowLength,
                        tableType
                    )
                )
                {
                    QuantizedWeightTensors.Check(file, tensor);
                }
                if (QuantizedWeightTensors.Checksum(file, spec.ToString()) != Checksum(file, spec))
                    return null;
                errors.Add(spec, error);
            }
            return errors;
        }
        catch (Q2Exception)
        {
            // A damaged file counts as missing and is written again.
            return null;
        }
    }

    /// <summary>The checksum of an option's data that the weight's file states.</summary>
    /// <exception cref="QuantizerBankException">The file states no checksum of the option.</exception>
    internal static string Checksum(SafetensorsFile file, QuantizerSpec spec) =>
        file.Metadata.GetValueOrDefault(ChecksumKey + spec)
        ?? throw new QuantizerBankException(
            $"{file}: no checksum of {spec}; the file is of another version or was edited: make it again."
        )
        {
            Remedy = Remedy.Bank,
        };

    internal static void WriteManifest(
        string directory,
        IReadOnlyList<QuantizerSpec> options,
        IReadOnlyList<BankEntry> entries,
        string? checkpoint
    )
    {
        var root = new JsonObject
        {
            ["format"] = Format,
            ["version"] = Version,
            ["source"] = SourceFingerprint(entries),
            ["checkpoint"] = checkpoint,
            ["options"] = new JsonArray([.. options.Select(option => (JsonNode)option.ToString())]),
            ["weights"] = new JsonArray([
                .. entries.Select(entry => new JsonObject
                {
                    ["name"] = entry.Name,
                    ["file"] = entry.FileName,
                    ["out_channels"] = entry.OutChannels,
                    ["row_length"] = entry.RowLength,
                    ["original_type"] = entry.OriginalType.ToString(),
                    ["table_type"] = entry.TableType.ToString(),
                    ["fingerprint"] = entry.Fingerprint,
                    ["mean_error"] = new JsonObject(
                        options.Select(option =>
                            KeyValuePair.Create(option.ToString(), (JsonNode?)entry.MeanErrors[option])
                        )
                    ),
                }),
            ]),
        };
        AtomicFile.WriteText(
            Path.Combine(directory, ManifestName),
            root.ToJsonString(new JsonSerializerOptions { WriteIndented = true }) + "\n"
        );
    }

    /// <summary>Hash of the fingerprints of all weights in their order.</summary>
    internal static string SourceFingerprint(IEnumerable<BankEntry> entries) =>
        Convert.ToHexStringLower(
            SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n', entries.Select(entry => entry.Fingerprint))))
        );

    internal static (
        IReadOnlyList<QuantizerSpec> Options,
        IReadOnlyList<BankEntry> Entries,
        string? Checkpoint
    ) ReadManifest(string directory)
    {
        string path = Path.Combine(directory, ManifestName);
        if (!File.Exists(path))
            throw new QuantizerBankException($"{path}: there is no such file; the bank was not made or not finished.")
            {
                Remedy = Remedy.Bank,
            };
        return OwnJson.Read(path, Remedy.Bank, ManifestOf);
    }

    /// <summary>Reads the manifest from a parsed document.</summary>
    /// <exception cref="Q2Exception">The manifest is damaged.</exception>
    internal static (
        IReadOnlyList<QuantizerSpec> Options,
        IReadOnlyList<BankEntry> Entries,
        string? Checkpoint
    ) ManifestOf(ForeignValue root)
    {
        if (root["format"].Text() != Format || root["version"].Text() != Version)
        {
            throw new QuantizerBankException(
                $"{root.Source}: format {root["format"]} version {root["version"]}, expected '{Format}' version "
                    + $"'{Version}'. Make the bank again."
            );
        }
        QuantizerSpec[] options = [.. root["options"].Items.Select(item => ParseSpec(item, item.Text()))];
        if (options.Length == 0 || options.Distinct().Count() < options.Length)
            throw root["options"].Fault("one option or more, each once");
        BankEntry[] entries = [.. root["weights"].Items.Select(ReadEntry)];
        string? twice = entries.CountBy(entry => entry.Name).FirstOrDefault(pair => pair.Value > 1).Key;
        return twice is null
            ? (options, entries, root["checkpoint"].TextOrNull())
            : throw root["weights"].Error($"the weight '{twice}' is listed twice.");
    }

    private static BankEntry ReadEntry(ForeignValue value)
    {
        string name = value["name"].Text(),
            file = value["file"].Text();
        int outChannels = value["out_channels"].Int(),
            rowLength = value["row_length"].Int();
        if (file != FileName(name))
            throw value["file"].Fault($"'{FileName(name)}'");
        if (outChannels < 1 || rowLength < 1 || (long)outChannels * rowLength > Array.MaxLength)
        {
            throw new QuantizerBankException(
                $"{value.Source}: weight '{name}' has {outChannels} rows of {rowLength}, which cannot be. Make the bank again."
            );
        }
        return new BankEntry(
            name,
            file,
            outChannels,
            rowLength,
            ReadType(value["original_type"]),
            ReadType(value["table_type"]),
            value["fingerprint"].Text(),
            value["mean_error"]
                .Members.ToDictionary(pair => ParseSpec(pair.Value, pair.Key), pair => ReadError(pair.Value))
        );
    }

    private static double ReadError(ForeignValue value) =>
        value.Number() is >= 0 and < double.PositiveInfinity and var error
            ? error
            : throw value.Fault("a finite number of 0 or more");

    private static ElementType ReadType(ForeignValue value) =>
        value.Text() is var text && Enum.IsDefined(typeof(ElementType), text)
            ? Enum.Parse<ElementType>(text)
            : throw value.Fault("an element type");

    private static QuantizerSpec ParseSpec(ForeignValue place, string text) =>
        QuantizerSpec.TryParse(text, out QuantizerSpec? spec) ? spec : throw place.Error($"'{text}' is no option.");
}
