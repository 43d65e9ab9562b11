using System.Numerics.Tensors;
using Qua2SeDiMo.Graphs.Ir;
using Qua2SeDiMo.Kernels.Codes;
using Qua2SeDiMo.Models;
using Qua2SeDiMo.Quantizers.Bank;
using Qua2SeDiMo.Quantizers.Palettes;

namespace Qua2SeDiMo.Measurement;

/// <summary>What the options of a bank change in each weight: the quantized weight minus the weight, [out, in,
/// …].</summary>
/// <param name="bank">Every weight under every option.</param>
/// <param name="tensors">The checkpoint that it was made from.</param>
/// <param name="cacheBytes">Most memory for changes that are kept; others are made again when they are asked
/// for.</param>
internal sealed class BankChanges(QuantizerBank bank, ITensorSource tensors, long cacheBytes = 512L << 20)
{
    private readonly Dictionary<string, float[][]> kept = new(StringComparer.Ordinal);
    private long keptBytes;

    /// <summary>The options, in the order of the changes.</summary>
    internal IReadOnlyList<QuantizerSpec> Options => bank.Options;

    /// <summary>One array for each option.</summary>
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
