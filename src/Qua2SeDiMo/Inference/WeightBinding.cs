using Microsoft.ML.OnnxRuntime;
using Qua2SeDiMo.Graphs.Ir;
using Qua2SeDiMo.Models;

namespace Qua2SeDiMo.Inference;

/// <summary>
/// The current values of a model's quantizable weights, which are inputs of its session. Weights are set one by one, so
/// that changing the allocation recomputes only the weights whose option changes. Several models with the same weights
/// (for other image sizes) can share one binding. Not thread-safe.
/// </summary>
internal sealed class WeightBinding : IDisposable
{
    private readonly Dictionary<string, Slot> slots = new(StringComparer.Ordinal);
    private readonly ITensorSource tensors;
    private readonly WeightCache cache;

    /// <summary>Creates a binding in which every weight has the checkpoint's values, read on first use.</summary>
    /// <param name="weights">Weights of the graph.</param>
    /// <param name="tensors">The checkpoint; must stay open.</param>
    /// <param name="cacheBytes">Largest number of bytes of values in the cache, from which an earlier option of a
    /// weight is restored without recomputing it.</param>
    public WeightBinding(IReadOnlyList<GraphWeight> weights, ITensorSource tensors, long cacheBytes = 1L << 30)
    {
        ArgumentNullException.ThrowIfNull(weights);
        this.tensors = tensors;
        cache = new WeightCache(cacheBytes);
        foreach (GraphWeight weight in weights)
            slots.Add(weight.Weight.Name, new Slot(weight));
        Weights = weights;
    }

    /// <summary>The weights, in the graph's order.</summary>
    public IReadOnlyList<GraphWeight> Weights { get; }

    /// <summary>Bytes of values in the cache, whether in use or not.</summary>
    public long CachedBytes => cache.HeldBytes;

    /// <summary>Sets the values of a weight.</summary>
    /// <param name="weightName">Name of the <see cref="QuantizableWeight"/>.</param>
    /// <param name="values">Row-major [out, in, …], as in the checkpoint.</param>
    /// <exception cref="ArgumentException">There is no such weight, or the number of values is wrong.</exception>
    public void Set(string weightName, ReadOnlySpan<float> values)
    {
        Slot slot = Find(weightName);
        if (values.Length != slot.Weight.Weight.ElementCount)
            throw new ArgumentException(
                $"Weight '{weightName}' has {slot.Weight.Weight.ElementCount} values, not {values.Length}.",
                nameof(values)
            );
        float[] copy = values.ToArray();
        slot.Take(Create(slot.Weight, destination => copy.CopyTo(destination)), option: null);
    }

    /// <summary>Sets a weight to the values of a named option, from the cache if it has them.</summary>
    /// <param name="weightName">Name of the <see cref="QuantizableWeight"/>.</param>
    /// <param name="option">Identity of the values, for instance <c>uaq-4</c>; equal names must mean equal
    /// values.</param>
    /// <param name="fill">Writes the values, row-major [out, in, …] as in the checkpoint; called only when they are not
    /// cached.</param>
    /// <exception cref="ArgumentException">There is no such weight.</exception>
    public void Set(string weightName, string option, WeightFill fill)
    {
        Slot slot = Find(weightName);
        if (slot.Option == option)
            return;
        slot.Take(cache.Lend(weightName, option, () => Create(slot.Weight, fill)), option);
    }

    /// <summary>Sets a weight to the checkpoint's values.</summary>
    /// <exception cref="ArgumentException">There is no such weight.</exception>
    public void Reset(string weightName)
    {
        Slot slot = Find(weightName);
        if (slot.Option == Slot.Original)
            return;
        slot.Take(
            cache.Lend(
                weightName,
                Slot.Original,
                () =>
                    WeightValue.Create(
                        slot.Weight.Initializer,
                        destination => InitializerData.ReadSingle(slot.Weight.Initializer, tensors, destination)
                    )
            ),
            Slot.Original
        );
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (Slot slot in slots.Values)
            slot.Take(null, option: null);
        cache.Dispose();
    }

    /// <summary>The value to bind, and a version number that increases with every change.</summary>
    internal (OrtValue Value, int Version) Current(string weightName)
    {
        Slot slot = Find(weightName);
        if (slot.Value is null)
            Reset(weightName);
        return (slot.Value!.Value, slot.Version);
    }

    private static WeightValue Create(GraphWeight weight, WeightFill fill) =>
        WeightValue.Create(
            weight.Initializer,
            destination =>
            {
                if (!weight.Initializer.Transposed)
                {
                    fill(destination);
                    return;
                }
                float[] rows = new float[destination.Length];
                fill(rows);
                InitializerData.Transpose(rows, weight.Weight.OutChannels, weight.Weight.RowLength, destination);
            }
        );

    private Slot Find(string weightName) =>
        slots.TryGetValue(weightName, out Slot? slot)
            ? slot
            : throw new ArgumentException($"There is no quantizable weight '{weightName}'.", nameof(weightName));

    private sealed class Slot(GraphWeight weight)
    {
        internal const string Original = "original";

        internal GraphWeight Weight { get; } = weight;

        internal WeightValue? Value { get; private set; }

        internal string? Option { get; private set; }

        internal int Version { get; private set; }

        internal void Take(WeightValue? value, string? option)
        {
            Value?.Release();
            (Value, Option) = (value, option);
            Version++;
        }
    }
}
