using System.Numerics.Tensors;
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
        ReadOnlySpan<float> original = WeightMatrix.Read(tensors, weight.Weight).Values.Span;
        float[][] changes = new float[Options.Count][];
        for (int option = 0; option < changes.Length; option++)
        {
            changes[option] = new float[original.Length];
            bank.Load(weight.Weight.Name, Options[option]).Dequantize(changes[option]);
            TensorPrimitives.Subtract(changes[option], original, changes[option]);
        }
        long bytes = changes.Length * (long)original.Length * sizeof(float);
        if (keptBytes + bytes <= cacheBytes)
        {
            kept.Add(weight.Weight.Name, changes);
            keptBytes += bytes;
        }
        return changes;
    }
}
