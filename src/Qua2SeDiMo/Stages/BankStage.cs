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
    /// Builds the bank of a run, or resumes where an earlier call stopped. If the bank is finished and unchanged, only
    /// the metadata of its files is checked.
    /// </summary>
    /// <param name="model">The model.</param>
    /// <param name="run">The run directory.</param>
    /// <param name="progress">Receives the progress after each weight.</param>
    /// <param name="cancellationToken">Cancels between weights; finished ones are kept.</param>
    /// <exception cref="Q2Exception">A weight cannot be quantized, or the run directory belongs to another
    /// model.</exception>
    public static QuantizerBank Run(
        OpenModel model,
        RunDirectory run,
        IProgress<StageProgress>? progress = null,
        CancellationToken cancellationToken = default
    ) => Run(model, run, verify: false, progress, cancellationToken);

    /// <summary>Builds the bank of a run, or resumes where an earlier call stopped. Can be made to read all weights and
    /// bank files again even if they have not changed since they were last read.</summary>
    /// <param name="model">The model.</param>
    /// <param name="run">The run directory.</param>
    /// <param name="verify">Whether to read everything again.</param>
    /// <param name="progress">Receives the progress after each weight.</param>
    /// <param name="cancellationToken">Cancels between weights; finished ones are kept.</param>
    /// <exception cref="Q2Exception">A weight cannot be quantized, or the run directory belongs to another
    /// model.</exception>
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

    // Files of the bank if its manifest is complete and belongs to this denoiser; otherwise null.
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
            // A damaged or unfinished bank is built again.
            return null;
        }
    }

    /// <summary>Checks that a model has its original weights.</summary>
    /// <exception cref="ModelFolderException">The model is packed.</exception>
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
