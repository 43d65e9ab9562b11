namespace Qua2SeDiMo.Diffusion.Schedulers;

/// <summary>The last few converted model outputs of a multistep solver. Buffers are reused; they are allocated only
/// when they are first needed or the length changes.</summary>
internal sealed class OutputHistory(int capacity)
{
    private readonly float[][] entries = [.. Enumerable.Repeat(Array.Empty<float>(), capacity)];
    private int newest = -1;

    /// <summary>Number of outputs held, at most the capacity.</summary>
    public int Count { get; private set; }

    /// <summary>An earlier output: 0 is the newest.</summary>
    public Span<float> this[int back] => entries[(newest - back + capacity) % capacity];

    /// <summary>Removes all outputs.</summary>
    public void Clear() => Count = 0;

    /// <summary>Returns the buffer of a new output, which the caller fills; the oldest output is dropped when the
    /// capacity is reached.</summary>
    public Span<float> Push(int length)
    {
        newest = (newest + 1) % capacity;
        if (entries[newest].Length != length)
            entries[newest] = new float[length];
        Count = Math.Min(Count + 1, capacity);
        return entries[newest];
    }
}
