namespace Qua2SeDiMo.Runs;

/// <summary>
/// Version of everything that turns the bytes of a model into the numbers of a run: graphs, quantizers, samplers,
/// schedulers, tokenizers, metrics, training, scores. Run directories record it; a directory of another version is
/// refused, because its numbers cannot be mixed with those of this version.
/// </summary>
internal static class AlgorithmVersion
{
    /// <summary>
    /// Increase by one in every change after which the same model, prompts and settings give other numbers, beyond
    /// rounding differences between processors.
    /// </summary>
    internal const int Current = 1;
}
