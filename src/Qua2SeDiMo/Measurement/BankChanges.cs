using System.Numerics.Tensors;
using System.Runtime.ExceptionServices;
using Qua2SeDiMo.Graphs.Ir;
using Qua2SeDiMo.Kernels.Codes;
using Qua2SeDiMo.Models;
using Qua2SeDiMo.Quantizers.Bank;
using Qua2SeDiMo.Quantizers.Palettes;

namespace Qua2SeDiMo.Measurement;

/// <summary>Changes that the options of a bank make to each weight: quantized minus original values, [out, in,
/// …].</summary>
/// <param name="bank">The quantizer bank.</param>
/// <param name="tensors">The checkpoint that the bank was made from.</param>
/// <param name="cacheBytes">Largest number of bytes of cached changes; others are recomputed when needed.</param>
internal sealed class BankChanges(QuantizerBank bank, ITensorSource tensors, long cacheBytes = 512L << 20)
{
    private readonly Dictionary<string, float[][]> kept = new(StringComparer.Ordinal);
    private long keptBytes;

    /// <summary>The options, in the order of the changes.</summary>
    internal IReadOnlyList<QuantizerSpec> Options => bank.Options;

    /// <summary>The change of a weight by each option, in the order of <see cref="Options"/>.</summary>
    internal IReadOnlyList<float[]> Of(GraphWeight weight)
    {
        if (kept.TryGetValue(weight.Weight.Name, out float[][]? known))
            return known;
        ReadOnlyMemory<float> original = WeightMatrix.Read(tensors, weight.Weight).Values;
        float[][] changes = new float[Options.Count][];
        try
        {
            Parallel.For(
                0,
                changes.Length,
                option => changes[option] = ChangeBy(Options[option], weight.Weight.Name, original.Span)
            );
        }
        catch (AggregateException error)
        {
            // Callers expect the error of an option, not an AggregateException.
            ExceptionDispatchInfo.Throw(error.InnerExceptions[0]);
        }
        long bytes = changes.Length * (long)original.Length * sizeof(float);
        if (keptBytes + bytes <= cacheBytes)
        {
            kept.Add(weight.Weight.Name, changes);
            keptBytes += bytes;
        }
        return changes;
    }

    private float[] ChangeBy(QuantizerSpec option, string weight, ReadOnlySpan<float> original)
    {
        // Every element is written; large arrays are costly to clear first.
        float[] change = GC.AllocateUninitializedArray<float>(original.Length);
        bank.Load(weight, option).Dequantize(change);
        TensorPrimitives.Subtract(change, original, change);
        return change;
    }
}
