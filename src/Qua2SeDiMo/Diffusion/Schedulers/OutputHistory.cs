namespace Qua2SeDiMo.Diffusion.Schedulers;

/// <summary>The last few converted model outputs of a multistep solver. Memory is taken when a loop starts or the batch
/// changes, never within.</summary>
internal sealed class OutputHistory(int capacity)
{
    private readonly float[][] entries = [.. Enumerable.Repeat(Array.Empty<float>(), capacity)];
    private int newest = -1;

    /// <summary>Outputs held, up to the capacity.</summary>
    public int Count { get; private set; }

    /// <summary>An earlier output: 0 is the newest.</summary>
    public Span<float> this[int back] => entries[(newest - back + capacity) % capacity];

    /// <summary>Forgets all outputs.</summary>
    public void Clear() => Count = 0;

    /// <summary>Makes room for a new output, which the caller fills; the oldest is dropped.</summary>
    public Span<float> Push(int length)
    {
        newest = (newest + 1) % capacity;
        if (entries[newest].Length != length)
            entries[newest] = new float[length];
        Count = Math.Min(Count + 1, capacity);
        return entries[newest];
    }
}
