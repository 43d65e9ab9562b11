namespace Qua2SeDiMo.Graphs.Ir;

/// <summary>One extent of a tensor in a graph: a number, or a name such as <c>batch</c> that is bound when the graph
/// runs.</summary>
internal readonly record struct Dimension
{
    private readonly long size;

    /// <summary>A fixed extent of at least 0.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The extent is negative.</exception>
    public Dimension(long size)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(size);
        this.size = size;
        Symbol = null;
    }

    /// <summary>A named extent; equal names mean equal extents within one graph.</summary>
    /// <exception cref="ArgumentException">The name is empty.</exception>
    public Dimension(string symbol)
    {
        ArgumentException.ThrowIfNullOrEmpty(symbol);
        size = -1;
        Symbol = symbol;
    }

    /// <summary>The name, or null when the extent is fixed.</summary>
    public string? Symbol { get; }

    /// <summary>Whether the extent is known before the graph runs.</summary>
    public bool IsFixed => Symbol is null;

    /// <summary>The extent.</summary>
    /// <exception cref="InvalidOperationException">The extent is symbolic.</exception>
    public long Size =>
        IsFixed
            ? size
            : throw new InvalidOperationException($"The extent '{Symbol}' is known only when the graph runs.");

    /// <summary>A fixed extent.</summary>
    public static implicit operator Dimension(long size) => new(size);

    /// <summary>A named extent.</summary>
    public static implicit operator Dimension(string symbol) => new(symbol);

    /// <summary>The extent of the concatenation of two tensors; symbolic if either extent is.</summary>
    public static Dimension operator +(Dimension left, Dimension right) =>
        left.IsFixed && right.IsFixed ? new Dimension(left.size + right.size) : new Dimension($"{left}+{right}");

    /// <summary>The number or the name.</summary>
    public override string ToString() => Symbol ?? $"{size}";
}
