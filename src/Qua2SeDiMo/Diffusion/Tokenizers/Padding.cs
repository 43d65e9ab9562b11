namespace Qua2SeDiMo.Diffusion.Tokenizers;

/// <summary>Brings token ids to a fixed length.</summary>
internal static class Padding
{
    /// <summary>Cuts off what is too long, keeping the tokens after the text, and fills up what is too short.</summary>
    /// <param name="ids">Ids of a whole text.</param>
    /// <param name="length">Ids wanted.</param>
    /// <param name="paddingId">What to fill up with.</param>
    /// <param name="kept">Ids at the end that stay.</param>
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
