using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using Qua2SeDiMo.Graphs.Ir;

namespace Qua2SeDiMo.Inference;

/// <summary>Values of weights in the runtime's memory, by weight and option. Drops the least recently used ones first.
/// A dropped value that a binding still uses is freed when the binding releases it.</summary>
internal sealed class WeightCache : IDisposable
{
    private readonly Dictionary<(string Weight, string Option), LinkedListNode<WeightValue>> entries = [];
    private readonly LinkedList<WeightValue> recent = new();
    private readonly long limitBytes;
    private long heldBytes;

    internal WeightCache(long limitBytes) => this.limitBytes = limitBytes;

    /// <summary>Bytes of the values in the cache.</summary>
    internal long HeldBytes => heldBytes;

    /// <summary>The value of a weight under an option; created if absent. The caller owns one reference and must
    /// release it.</summary>
    internal WeightValue Lend(string weight, string option, Func<WeightValue> make)
    {
        if (entries.TryGetValue((weight, option), out LinkedListNode<WeightValue>? node))
        {
            recent.Remove(node);
            recent.AddFirst(node);
            return node.Value.Retain();
        }
        WeightValue value = make();
        value.Key = (weight, option);
        if (value.SizeBytes > limitBytes)
            return value;
        entries.Add(value.Key, recent.AddFirst(value.Retain()));
        heldBytes += value.SizeBytes;
        while (heldBytes > limitBytes)
            Drop(recent.Last!);
        return value;
    }

    public void Dispose()
    {
        while (recent.Last is { } node)
            Drop(node);
    }

    private void Drop(LinkedListNode<WeightValue> node)
    {
        recent.Remove(node);
        entries.Remove(node.Value.Key);
        heldBytes -= node.Value.SizeBytes;
        node.Value.Release();
    }
}

/// <summary>One weight's values in the runtime's memory, with a reference count.</summary>
internal sealed class WeightValue
{
    private int references = 1;

    private WeightValue(OrtValue value, long sizeBytes) => (Value, SizeBytes) = (value, sizeBytes);

    internal OrtValue Value { get; }

    internal long SizeBytes { get; }

    internal (string Weight, string Option) Key { get; set; }

    /// <summary>Allocates and fills a value in the layout of the initializer.</summary>
    internal static WeightValue Create(Initializer.FromTensor initializer, WeightFill fill)
    {
        OrtValue value = OrtValue.CreateAllocatedTensorValue(
            OrtAllocator.DefaultInstance,
            TensorElementType.Float,
            [.. initializer.Shape]
        );
        try
        {
            fill(value.GetTensorMutableDataAsSpan<float>());
            return new WeightValue(value, initializer.SizeBytes);
        }
        catch
        {
            value.Dispose();
            throw;
        }
    }

    internal WeightValue Retain()
    {
        references++;
        return this;
    }

    internal void Release()
    {
        references--;
        if (references == 0)
            Value.Dispose();
    }
}

/// <summary>Writes all values of one weight.</summary>
/// <param name="destination">Row-major; one element per value of the weight.</param>
internal delegate void WeightFill(Span<float> destination);
