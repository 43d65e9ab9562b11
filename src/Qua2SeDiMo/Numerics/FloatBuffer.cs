using System.Runtime.InteropServices;

namespace Qua2SeDiMo.Numerics;

/// <summary>Single-precision scratch memory on a 64-byte boundary that grows on demand and never shrinks. Contents are
/// lost when it grows.</summary>
internal sealed unsafe class FloatBuffer : IDisposable
{
    private const int Alignment = 64;

    /// <summary>An empty buffer, or one with room for <paramref name="capacity"/> floats, all zero.</summary>
    public FloatBuffer(long capacity = 0)
    {
        if (capacity <= 0)
            return;
        Reserve(capacity);
        Clear(capacity);
    }

    /// <summary>Frees memory that was never disposed of.</summary>
    ~FloatBuffer() => Free();

    /// <summary>First float, aligned to a cache line; null while empty.</summary>
    public float* Pointer { get; private set; }

    /// <summary>Number of floats that fit.</summary>
    public long Capacity { get; private set; }

    /// <summary>Ensures room for at least <paramref name="count"/> floats and returns the first.</summary>
    public float* Reserve(long count)
    {
        if (count <= Capacity)
            return Pointer;
        Free();
        long grown = count + (count / 8);
        Pointer = (float*)NativeMemory.AlignedAlloc(checked((nuint)grown * sizeof(float)), Alignment);
        Capacity = grown;
        return Pointer;
    }

    /// <summary>Sets the first <paramref name="count"/> floats to zero.</summary>
    public void Clear(long count) => NativeMemory.Clear(Pointer, checked((nuint)count * sizeof(float)));

    /// <summary>The first <paramref name="count"/> floats.</summary>
    public Span<float> Span(int count) => new(Pointer, count);

    /// <inheritdoc/>
    public void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    private void Free()
    {
        if (Pointer is not null)
            NativeMemory.AlignedFree(Pointer);
        Pointer = null;
        Capacity = 0;
    }
}
