using Qua2SeDiMo.Models.Configs;
using Qua2SeDiMo.Models.Fingerprints;
using Qua2SeDiMo.Packing;
using Qua2SeDiMo.Pipelines;
using Qua2SeDiMo.Quantizers.Bank;
using Qua2SeDiMo.Runs;

namespace Qua2SeDiMo.Stages;

/// <summary>Quantizes every weight under every option, once.</summary>
public static class BankStage
{
    /// <summary>
    /// Builds the bank of a run, or goes on where an earlier call stopped; a finished, unchanged bank costs only a look
    /// at its files.
    /// </summary>
    /// <param name="model">The model.</param>
    /// <param name="run">The run directory.</param>
    /// <param name="progress">Told after each weight.</param>
    /// <param name="cancellationToken">Stops between weights; finished ones stay.</param>
    /// <exception cref="Q2Exception">A weight cannot be quantized, or the run directory belongs to another
    /// checkpoint.</exception>
    public static QuantizerBank Run(
        OpenModel model,
        RunDirectory run,
        IProgress<StageProgress>? progress = null,
        CancellationToken cancellationToken = default
    ) => Run(model, run, verify: false, progress, cancellationToken);

    /// <summary>The same; it can be made to read all weights and files again, also where none was touched since they
    /// were last read.</summary>
    /// <param name="model">The model.</param>
    /// <param name="run">The run directory.</param>
    /// <param name="verify">Whether everything is read again.</param>
    /// <param name="progress">Told after each weight.</param>
    /// <param name="cancellationToken">Stops between weights; finished ones stay.</param>
    /// <exception cref="Q2Exception">A weight cannot be quantized, or the run directory belongs to another
    /// checkpoint.</exception>
    public static QuantizerBank Run(
        OpenModel model,
        RunDirectory run,
        bool verify,
        IProgress<StageProgress>? progress = null,
        CancellationToken cancellationToken = default
    )
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(run);
        Preflight.Bank(model, run);
        RunIdentity.Claim(model, run, withPipeline: false, progress, cancellationToken);
        IProgress<BankProgress>? inner = progress is null
            ? null
            : new Relay<BankProgress>(step =>
                progress.Report(new StageProgress("Quantizing weights", step.Finished, step.Total, step.WeightName))
            );
        var options = new BankOptions { Checkpoint = model.DenoiserFingerprint(progress, cancellationToken).Hex };
        QuantizerBank? built = null;
        if (verify || FilesOf(model, run, options) is not { } files)
            Build();
        else
            FingerprintCache.OfUser(model.Time).Get($"bank of {options.Checkpoint}", files, Build);
        return built ?? QuantizerBank.Open(run.Bank);

        string Build()
        {
            built = QuantizerBankBuilder.Build(
                model.Tensors,
                model.Weights,
                run.Bank,
                options,
                inner,
                cancellationToken
            );
            return options.Checkpoint;
        }
    }

    // Files of a bank that says of itself to be whole and of this denoiser; null where there is none.
    private static string[]? FilesOf(OpenModel model, RunDirectory run, BankOptions options)
    {
        try
        {
            QuantizerBank bank = QuantizerBank.Open(run.Bank);
            bool isOurs =
                bank.Checkpoint == options.Checkpoint
                && bank.Options.SequenceEqual(options.Specs)
                && model.Weights.Select(weight => weight.Name).Order().SequenceEqual(bank.Entries.Keys.Order());
            IEnumerable<string> names = bank
                .Entries.Values.Select(entry => entry.FileName)
                .Append(QuantizerBankFile.ManifestName);
            string[] files = [.. names.Select(name => Path.Combine(run.Bank, name))];
            return isOurs && Array.TrueForAll(files, File.Exists) ? files : null;
        }
        catch (Q2Exception)
        {
            // What is damaged or not finished is made again.
            return null;
        }
    }

    /// <summary>Makes sure that the weights of a model are there as they were trained.</summary>
    /// <exception cref="ModelFolderException">They are packed.</exception>
    internal static void RequireOriginal(OpenModel model)
    {
        string folder = model.Folder.DirectoryPath;
        bool isPacked =
            model.Tensors is PackedModelReader
            || PackNote.Read(folder) is { Format: PackFormat.Onnx or PackFormat.OnnxOperators };
        if (isPacked)
            throw new ModelFolderException(
                $"{folder}: already packed; only pictures are made of it, and all else takes the original folder."
            );
    }
}
