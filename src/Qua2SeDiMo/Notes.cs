namespace Qua2SeDiMo;

/// <summary>
/// What a person should know of the files that were read, though nothing is wrong enough to stop: each sentence once,
/// in the order of discovery. Safe from several threads.
/// </summary>
/// <param name="heard">Called with every new sentence; null to collect only.</param>
public sealed class Notes(Action<string>? heard = null)
{
    private readonly Lock gate = new();
    private readonly List<string> sentences = [];
    private readonly HashSet<string> known = new(StringComparer.Ordinal);

    /// <summary>The sentences so far.</summary>
    public IReadOnlyList<string> All
    {
        get
        {
            lock (gate)
                return [.. sentences];
        }
    }

    /// <summary>Adds a sentence unless it was said before.</summary>
    public void Add(string sentence)
    {
        lock (gate)
        {
            if (!known.Add(sentence))
                return;
            sentences.Add(sentence);
        }
        heard?.Invoke(sentence);
    }
}
