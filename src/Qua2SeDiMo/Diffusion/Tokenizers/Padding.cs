namespace Qua2SeDiMo.Diffusion.Tokenizers;

/// <summary>Brings token ids to a fixed length.</summary>
internal static class Padding
{
    /// <summary>Cuts off what is too long, keeping the last (end) token, and fills up what is too short.</summary>
    public static TokenizedText Fit(IReadOnlyList<int> ids, int length, int paddingId)
    {
        int[] fitted = new int[length];
        int[] mask = new int[length];
        int used = Math.Min(ids.Count, length);
        for (int i = 0; i < length; i++) (fitted[i], mask[i]) = i < used ? (ids[i], 1) : (paddingId, 0);
        if (ids.Count > length) fitted[^1] = ids[^1];
        return new TokenizedText(fitted, mask);
    }
}
