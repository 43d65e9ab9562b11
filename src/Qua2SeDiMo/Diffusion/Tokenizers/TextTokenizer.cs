namespace Qua2SeDiMo.Diffusion.Tokenizers;

/// <summary>Common part of all tokenizers: adds start and end tokens and splits a text at added tokens. Subclasses
/// encode the text in between.</summary>
internal abstract class TextTokenizer : ITokenizer
{
    private readonly TokenizerFrame frame;
    private readonly IReadOnlyDictionary<string, int> vocabulary;

    /// <param name="frame">Start and end ids, padding, added tokens and length.</param>
    /// <param name="vocabulary">Ids of the tokens of the tokenizer's model.</param>
    protected TextTokenizer(TokenizerFrame frame, IReadOnlyDictionary<string, int> vocabulary) =>
        (this.frame, this.vocabulary) = (frame, vocabulary);

    /// <inheritdoc/>
    public int MaximumLength => frame.MaximumLength;

    /// <inheritdoc/>
    public int PaddingId => frame.PaddingId;

    /// <inheritdoc/>
    public IReadOnlyDictionary<string, int> AddedTokens => frame.Added.Ids;

    /// <inheritdoc/>
    public IReadOnlyList<int> EncodeIds(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var ids = new List<int>(frame.Start);
        foreach (TextPart part in frame.Added.Split(text))
        {
            if (part.Id >= 0)
                ids.Add(part.Id);
            else
                AddIds(part.Text, ids);
        }
        ids.AddRange(frame.End);
        return ids;
    }

    /// <inheritdoc/>
    public TokenizedText Encode(string text) => Padding.Fit(EncodeIds(text), MaximumLength, PaddingId, frame.End.Count);

    /// <inheritdoc/>
    public IEnumerable<string> AddedTokensIn(string text) =>
        frame.Added.Split(text).Where(part => part.Id >= 0).Select(part => part.Text);

    /// <inheritdoc/>
    public string TokenOf(int id)
    {
        string? own =
            AddedTokens.FirstOrDefault(pair => pair.Value == id).Key
            ?? vocabulary.FirstOrDefault(pair => pair.Value == id).Key;
        return own ?? "";
    }

    /// <summary>Appends the ids of a normalized text that contains no added tokens.</summary>
    protected abstract void AddIds(string text, List<int> ids);
}
