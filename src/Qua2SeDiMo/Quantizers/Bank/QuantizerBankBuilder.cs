using Qua2SeDiMo.Graphs.Ir;
using Qua2SeDiMo.Kernels.Codes;
using Qua2SeDiMo.Models;
using Qua2SeDiMo.Quantizers.Palettes;
using Qua2SeDiMo.Storage;

namespace Qua2SeDiMo.Quantizers.Bank;

/// <summary>How a bank is made.</summary>
/// <param name="Threads">Threads; 0 takes one per processor. The files do not depend on it.</param>
/// <param name="SinglePrecisionTables">Keep all tables in single precision, for comparisons; the default is the
/// original's precision, which the size formula counts.</param>
internal sealed record BankOptions(int Threads = 0, bool SinglePrecisionTables = false)
{
    /// <summary>Options to make of every weight; the six of the paper by default.</summary>
    public IReadOnlyList<QuantizerSpec> Specs { get; init; } = QuantizerSpec.PaperOptions;

    /// <summary>What the caller knows the checkpoint by; kept in the manifest. Null where it does not.</summary>
    public string? Checkpoint { get; init; }
}

/// <summary>How far a bank is.</summary>
/// <param name="WeightName">Weight that was just finished.</param>
/// <param name="Finished">Weights finished so far.</param>
/// <param name="Total">Weights in all.</param>
/// <param name="Reused">Whether an earlier run had made it.</param>
internal sealed record BankProgress(string WeightName, int Finished, int Total, bool Reused);

/// <summary>
/// Makes a bank, weight by weight: memory is bounded by the largest weight, a run that was stopped goes on where it
/// was, and the bytes written depend on the weights and options alone.
/// </summary>
internal static class QuantizerBankBuilder
{
    private const long LargeWeight = 1 << 22;

    /// <summary>Makes or finishes a bank.</summary>
    /// <param name="source">Checkpoint.</param>
    /// <param name="weights">Quantizable weights and parts, names distinct.</param>
    /// <param name="directory">Folder of the bank; created when missing.</param>
    /// <param name="options">How; null for the defaults.</param>
    /// <param name="progress">Called once per weight.</param>
    /// <param name="cancellationToken">Stops between pieces of work; finished weights stay.</param>
    /// <returns>The finished bank.</returns>
    /// <exception cref="UnquantizableWeightException">A weight holds a NaN or an infinity, or does not fit its
    /// tensor.</exception>
    /// <exception cref="OperationCanceledException">The token asked for it.</exception>
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
            // Its arrays, ten bytes a value, are garbage now; the collector would let those of several large weights
            // pile up.
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
