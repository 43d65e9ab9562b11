using Qua2SeDiMo.Pipelines;
using Qua2SeDiMo.Quantizers.Bank;

namespace Qua2SeDiMo.Runs;

/// <summary>The bank of a run directory.</summary>
internal static class RunBank
{
    /// <summary>The finished bank of a run, which later stages read.</summary>
    /// <exception cref="Q2Exception">There is none, or it is of other weights.</exception>
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
