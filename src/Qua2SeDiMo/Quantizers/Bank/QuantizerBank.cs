using Qua2SeDiMo.Graphs.Ir;
using Qua2SeDiMo.Kernels.Codes;
using Qua2SeDiMo.Models;
using Qua2SeDiMo.Quantizers.Palettes;

namespace Qua2SeDiMo.Quantizers.Bank;

/// <summary>Every weight of a model under every option, computed once and kept on disk. Several threads may read it;
/// nothing is cached.</summary>
public sealed class QuantizerBank
{
    private readonly Dictionary<string, BankEntry> entries;

    private QuantizerBank(
        string directory,
        IReadOnlyList<QuantizerSpec> options,
        IReadOnlyList<BankEntry> entries,
        string? checkpoint
    )
    {
        Checkpoint = checkpoint;
        DirectoryPath = directory;
        Options = options;
        this.entries = entries.ToDictionary(entry => entry.Name, StringComparer.Ordinal);
        SourceFingerprint = QuantizerBankFile.SourceFingerprint(entries);
    }

    /// <summary>Folder of the bank.</summary>
    public string DirectoryPath { get; }

    /// <summary>The options that every weight has.</summary>
    public IReadOnlyList<QuantizerSpec> Options { get; }

    /// <summary>The weights by name.</summary>
    internal IReadOnlyDictionary<string, BankEntry> Entries => entries;

    /// <summary>SHA-256 that changes with any weight, option or table precision; lower-case hexadecimal.</summary>
    public string SourceFingerprint { get; }

    /// <summary>Identifier of the checkpoint, as given when the bank was made (<see cref="BankOptions.Checkpoint"/>);
    /// null if none was given.</summary>
    public string? Checkpoint { get; }

    /// <summary>Opens a finished bank.</summary>
    /// <exception cref="QuantizerBankException">The folder has no bank, or an unfinished one, or its manifest is
    /// damaged.</exception>
    public static QuantizerBank Open(string directory)
    {
        (IReadOnlyList<QuantizerSpec> options, IReadOnlyList<BankEntry> read, string? checkpoint) =
            QuantizerBankFile.ReadManifest(directory);
        return new QuantizerBank(directory, options, read, checkpoint);
    }

    /// <summary>Reads one weight under one option.</summary>
    /// <exception cref="QuantizerBankException">The bank has no such weight or option.</exception>
    /// <exception cref="Q2Exception">The weight's file is missing or damaged.</exception>
    public QuantizedWeight Load(string weightName, QuantizerSpec spec)
    {
        double meanError = MeanError(weightName, spec);
        BankEntry entry = entries[weightName];
        using SafetensorsFile file = OpenFile(entry);
        return QuantizedWeightTensors.Read(
            file,
            spec.ToString(),
            spec,
            entry.OutChannels,
            entry.RowLength,
            entry.TableType,
            meanError,
            QuantizerBankFile.Checksum(file, spec)
        );
    }

    /// <summary>Reads and checks tables and codes of one weight under one option, in their stored form.</summary>
    /// <inheritdoc cref="Load"/>
    internal (byte[] Tables, byte[] Codes) LoadStored(string weightName, QuantizerSpec spec)
    {
        MeanError(weightName, spec);
        BankEntry entry = entries[weightName];
        using SafetensorsFile file = OpenFile(entry);
        (byte[] tables, byte[] codes) = QuantizedWeightTensors.ReadStored(
            file,
            spec.ToString(),
            spec,
            entry.OutChannels,
            entry.RowLength,
            entry.TableType,
            QuantizerBankFile.Checksum(file, spec)
        );
        // Validates the tables, so that no damaged ones are copied into a packed model.
        WeightTables.Read(file.ToString()!, tables, spec, entry.OutChannels, TablePrecision.For(entry.TableType));
        return (tables, codes);
    }

    /// <summary>Reads a weight of a checkpoint and checks that the bank was made from it.</summary>
    /// <exception cref="QuantizerBankException">The checkpoint holds other values, or the bank has no such
    /// weight.</exception>
    /// <exception cref="Q2Exception">The tensor is missing or the file ends early.</exception>
    internal void RequireMadeFrom(ITensorSource source, QuantizableWeight weight)
    {
        ArgumentNullException.ThrowIfNull(weight);
        MeanError(weight.Name, Options[0]);
        BankEntry entry = entries[weight.Name];
        if (
            QuantizerBankFile.Fingerprint(WeightMatrix.Read(source, weight), Options, entry.TableType)
            == entry.Fingerprint
        )
            return;
        throw new QuantizerBankException(
            $"{DirectoryPath}: weight '{weight.Name}' of {source} is not the one that the bank was made from. "
                + "Make the bank again."
        )
        {
            Remedy = Remedy.Bank,
        };
    }

    /// <summary>Mean |w − ŵ|^2.4 of a weight under an option, from the manifest.</summary>
    /// <exception cref="QuantizerBankException">The bank has no such weight or option.</exception>
    public double MeanError(string weightName, QuantizerSpec spec)
    {
        if (!entries.TryGetValue(weightName, out BankEntry? entry))
        {
            throw new QuantizerBankException(
                $"{DirectoryPath}: the bank has no weight '{weightName}'; it has {entries.Count}, the first is "
                    + $"'{entries.Keys.FirstOrDefault()}'. Is it the bank of another model?"
            );
        }
        return entry.MeanErrors.TryGetValue(spec, out double error)
            ? error
            : throw new QuantizerBankException(
                $"{DirectoryPath}: the bank has no option {spec}; it has {string.Join(", ", Options)}."
            );
    }

    private SafetensorsFile OpenFile(BankEntry entry)
    {
        string path = Path.Combine(DirectoryPath, entry.FileName);
        if (File.Exists(path))
            return SafetensorsFile.Open(path);
        throw new QuantizerBankException(
            $"{path}: there is no such file, though the manifest lists it. Make the bank again."
        )
        {
            Remedy = Remedy.Bank,
        };
    }
}
