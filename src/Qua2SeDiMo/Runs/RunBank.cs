using Qua2SeDiMo.Pipelines;
using Qua2SeDiMo.Quantizers.Bank;

namespace Qua2SeDiMo.Runs;

/// <summary>Opens the bank of a run directory.</summary>
internal static class RunBank
{
    /// <summary>Opens the finished bank of a run after checking that it was made from this model's weights.</summary>
    /// <exception cref="Q2Exception">There is no finished bank, or it was made from other weights.</exception>
    internal static QuantizerBank Open(OpenModel model, RunDirectory run)
    {
        QuantizerBank bank = QuantizerBank.Open(run.Bank);
        return bank.Checkpoint == model.DenoiserFingerprint().Hex
            ? bank
            : throw RunIdentityException.Stale(
                run.Bank,
                $"it is not known to be of the weights in {model.Folder.DirectoryPath}",
                Remedy.Bank
            );
    }
}
