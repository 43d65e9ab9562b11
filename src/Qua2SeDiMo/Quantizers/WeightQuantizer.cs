using Qua2SeDiMo.Kernels.Codes;
using Qua2SeDiMo.Quantizers.Affine;
using Qua2SeDiMo.Quantizers.Palettes;

namespace Qua2SeDiMo.Quantizers;

/// <summary>Quantizes one weight under several options; work that options share is done once.</summary>
internal static class WeightQuantizer
{
    /// <summary>Quantizes a weight.</summary>
    /// <param name="weight">Finite weights.</param>
    /// <param name="specs">Options, any number and order.</param>
    /// <param name="tableType">Precision of tables; null for that of the original.</param>
    /// <param name="parallel">Threads and cancellation; the result does not depend on it.</param>
    /// <returns>One result per option, in their order.</returns>
    /// <exception cref="UnquantizableWeightException">The weight holds a NaN or an infinity.</exception>
    public static IReadOnlyList<QuantizedWeight> Quantize(
        WeightMatrix weight,
        IReadOnlyList<QuantizerSpec> specs,
        ElementType? tableType = null,
        ParallelOptions? parallel = null
    )
    {
        ArgumentNullException.ThrowIfNull(weight);
        ArgumentNullException.ThrowIfNull(specs);
        ElementType tables = TablePrecision.For(tableType ?? weight.OriginalType);
        parallel ??= new ParallelOptions();
        var results = new QuantizedWeight[specs.Count];
        // K-means of the whole tensor runs on one thread; the rows of the other methods use the other threads.
        Parallel.Invoke(
            parallel,
            () =>
                Place(
                    QuantizerMethod.KMeansPerTensor,
                    bits => PaletteQuantizer.PerTensor(weight, bits, tables, parallel)
                ),
            () =>
                Place(
                    QuantizerMethod.KMeansPerChannel,
                    bits => PaletteQuantizer.PerChannel(weight, bits, tables, parallel)
                ),
            () =>
                Place(
                    QuantizerMethod.UniformAffine,
                    bits => [.. bits.Select(width => AffineQuantizer.Quantize(weight, width, tables, parallel))]
                )
        );
        return results;

        void Place(QuantizerMethod method, Func<IReadOnlyList<int>, IReadOnlyList<QuantizedWeight>> quantize)
        {
            int[] positions = [.. Enumerable.Range(0, specs.Count).Where(i => specs[i].Method == method)];
            if (positions.Length == 0)
                return;
            IReadOnlyList<QuantizedWeight> found = quantize([.. positions.Select(i => specs[i].Bits)]);
            for (int i = 0; i < positions.Length; i++)
                results[positions[i]] = found[i];
        }
    }
}
