namespace Qua2SeDiMo.Diffusion.Tokenizers;

/// <summary>Brings token ids to a fixed length.</summary>
internal static class Padding
{
    /// <summary>Truncates long texts, keeping the end tokens, and pads short ones.</summary>
    /// <param name="ids">Ids of a complete text.</param>
    /// <param name="length">Resulting number of ids.</param>
    /// <param name="paddingId">Id of the padding token.</param>
    /// <param name="kept">Number of ids at the end that truncation keeps.</param>
    public static TokenizedText Fit(IReadOnlyList<int> ids, int length, int paddingId, int kept)
    {
        int[] fitted = new int[length];
        int[] mask = new int[length];
        int used = Math.Min(ids.Count, length),
            skipped = ids.Count - used;
        for (int i = 0; i < length; i++)
            (fitted[i], mask[i]) = i >= used ? (paddingId, 0) : (ids[i < length - kept ? i : i + skipped], 1);
        return new TokenizedText(fitted, mask);
    }
}
