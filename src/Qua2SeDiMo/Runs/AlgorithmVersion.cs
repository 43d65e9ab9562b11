namespace Qua2SeDiMo.Runs;

/// <summary>
/// Version of everything that lies between the bytes of a model and the numbers of a run: graphs, quantizers, samplers,
/// schedulers, tokenizers, metrics, training, scores. Run directories record it, and one of another version is refused:
/// its numbers would be mixed with ours.
/// </summary>
internal static class AlgorithmVersion
{
    /// <summary>
    /// To be raised by one in every change after which the same model, prompts and settings give other numbers, beyond
    /// the rounding that another processor brings as well.
    /// </summary>
    internal const int Current = 1;
}
