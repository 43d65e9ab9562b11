using Qua2SeDiMo.Inference;

namespace Qua2SeDiMo.Diffusion;

/// <summary>Prompts and negative prompts, encoded for one image size, for any number of generations.</summary>
/// <param name="Prompts">One row per prompt.</param>
/// <param name="Negative">One row for all prompts, or one for each; null without guidance.</param>
internal sealed record EncodedPrompts(Conditioning Prompts, Conditioning? Negative)
{
    /// <summary>A range of the prompts, with their negative prompts.</summary>
    /// <param name="start">Index of the first.</param>
    /// <param name="count">Number of prompts.</param>
    public EncodedPrompts Slice(int start, int count)
    {
        int[] rows = [.. Enumerable.Range(start, count)];
        return new EncodedPrompts(
            new Conditioning(Prompts.Rows(rows)),
            Negative is { Count: > 1 } ? new Conditioning(Negative.Rows(rows)) : Negative
        );
    }

    /// <summary>The denoiser's inputs for a range of prompts; with guidance both halves of the batch.</summary>
    /// <param name="start">Index of the first prompt.</param>
    /// <param name="count">Number of prompts.</param>
    /// <param name="conditionalFirst">Whether the prompts' half comes before the negative half.</param>
    internal Dictionary<string, TensorValue> Batch(int start, int count, bool conditionalFirst)
    {
        int[] prompts = [.. Enumerable.Range(start, count)];
        if (Negative is null)
            return new(Prompts.Rows(prompts));
        // In the appended rows, negative rows come before those of the prompts.
        int[] conditional = [.. prompts.Select(row => Negative.Count + row)];
        int[] negative = Negative.Count == 1 ? new int[count] : prompts;
        return new(
            Negative
                .Append(Prompts)
                .Rows(conditionalFirst ? [.. conditional, .. negative] : [.. negative, .. conditional])
        );
    }
}
