using Qua2SeDiMo.Graphs.Ir;
using Qua2SeDiMo.Kernels.Codes;
using Qua2SeDiMo.Models;
using Qua2SeDiMo.Quantizers.Palettes;
using Qua2SeDiMo.Storage;

namespace Qua2SeDiMo.Quantizers.Bank;

/// <summary>Settings of a bank.</summary>
/// <param name="Threads">Number of threads; 0 for one per processor. The files do not depend on it.</param>
/// <param name="SinglePrecisionTables">Whether all tables are kept in single precision, for comparisons. By default
/// they have the precision of the original, which the size formula counts.</param>
internal sealed record BankOptions(int Threads = 0, bool SinglePrecisionTables = false)
{
    /// <summary>Options under which every weight is quantized; the paper's six by default.</summary>
    public IReadOnlyList<QuantizerSpec> Specs { get; init; } = QuantizerSpec.PaperOptions;

    /// <summary>Identifier of the checkpoint, stored in the manifest; null for none.</summary>
    public string? Checkpoint { get; init; }
}

/// <summary>Progress of making a bank.</summary>
/// <param name="WeightName">The weight that was just finished.</param>
/// <param name="Finished">Number of weights finished so far.</param>
/// <param name="Total">Number of all weights.</param>
/// <param name="Reused">Whether the weight's file of an earlier run was kept.</param>
internal sealed record BankProgress(string WeightName, int Finished, int Total, bool Reused);

/// <summary>Makes a bank, weight by weight. Memory is bounded by the largest weight, an interrupted run continues with
/// the first missing weight, and the files depend only on weights and options.</summary>
internal static class QuantizerBankBuilder
{
    private const long LargeWeight = 1 << 22;

    /// <summary>Makes or finishes a bank.</summary>
    /// <param name="source">Checkpoint.</param>
    /// <param name="weights">Quantizable weights and parts, names distinct.</param>
    /// <param name="directory">Folder of the bank; created when missing.</param>
    /// <param name="options">Settings; null for the defaults.</param>
    /// <param name="progress">Called once per weight.</param>
    /// <param name="cancellationToken">Cancels between blocks of rows; finished weights are kept.</param>
    /// <returns>The finished bank.</returns>
    /// <exception cref="UnquantizableWeightException">A weight holds a NaN or an infinity, or does not fit its
    /// tensor.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public static QuantizerBank Build(
        ITensorSource source,
        IReadOnlyList<QuantizableWeight> weights,
        string directory,
        BankOptions? options = null,
        IProgress<BankProgress>? progress = null,
        CancellationToken cancellationToken = default
    )
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(weights);
        options ??= new BankOptions();
        int threads = options.Threads > 0 ? options.Threads : Environment.ProcessorCount;
        var parallel = new ParallelOptions { MaxDegreeOfParallelism = threads, CancellationToken = cancellationToken };
        AtomicFile.MakeFolder(directory);
        var entries = new List<BankEntry>(weights.Count);
        foreach (QuantizableWeight weight in weights)
        {
            cancellationToken.ThrowIfCancellationRequested();
            (BankEntry entry, bool reused) = BuildWeight(
                WeightMatrix.Read(source, weight),
                directory,
                options,
                parallel
            );
            entries.Add(entry);
            // The weight's arrays (about ten bytes per value) are garbage now. Without an explicit collection, those of
            // several large weights would accumulate.
            if (weight.ElementCount >= LargeWeight)
                GC.Collect();
            progress?.Report(new BankProgress(weight.Name, entries.Count, weights.Count, reused));
        }
        QuantizerBankFile.WriteManifest(directory, options.Specs, entries, options.Checkpoint);
        return QuantizerBank.Open(directory);
    }

    private static (BankEntry Entry, bool Reused) BuildWeight(
        WeightMatrix weight,
        string directory,
        BankOptions options,
        ParallelOptions parallel
    )
    {
        ElementType tables = options.SinglePrecisionTables
            ? ElementType.Float32
            : TablePrecision.For(weight.OriginalType);
        string fingerprint = QuantizerBankFile.Fingerprint(weight, options.Specs, tables);
        string fileName = QuantizerBankFile.FileName(weight.Name),
            path = Path.Combine(directory, fileName);
        IReadOnlyDictionary<QuantizerSpec, double>? errors = QuantizerBankFile.ReadErrors(
            path,
            fingerprint,
            weight,
            options.Specs,
            tables
        );
        bool reused = errors is not null;
        if (errors is null)
        {
            IReadOnlyList<QuantizedWeight> quantized = WeightQuantizer.Quantize(
                weight,
                options.Specs,
                tables,
                parallel
            );
            QuantizerBankFile.WriteWeight(path, fingerprint, quantized);
            errors = quantized.ToDictionary(option => option.Spec, option => option.MeanError);
        }
        return (
            new BankEntry(
                weight.Name,
                fileName,
                weight.OutChannels,
                weight.RowLength,
                weight.OriginalType,
                tables,
                fingerprint,
                errors
            ),
            reused
        );
    }
}
