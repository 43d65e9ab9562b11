using Qua2SeDiMo.Kernels.Codes;

namespace Qua2SeDiMo.Quantizers;

/// <summary>The number of bits that a weight counts with in bit operations.</summary>
internal enum BitOperationAccounting
{
    /// <summary>The bits of a code, for every method.</summary>
    CodeBits,

    /// <summary>The count of the published code: the bits of a code for UAQ, and 16 for both k-means methods, whose
    /// palettes hold floating-point values.</summary>
    Published,
}

/// <summary>Bit operations (BOPs): Σ multiply-accumulates × weight bits × activation bits (method.md, section
/// 4).</summary>
internal static class BitOperations
{
    private const int HalfBits = 16;

    /// <summary>Bit operations of one weight operator.</summary>
    /// <param name="multiplyAccumulates">Multiply-accumulates of the operator in one run of the denoiser.</param>
    /// <param name="spec">The weight's option, or null for full precision.</param>
    /// <param name="activationBits">8, 6, or 16 when activations are not quantized.</param>
    /// <param name="originalBits">P, bits of an unquantized weight.</param>
    /// <param name="accounting">The number of bits that a weight counts with.</param>
    public static double OfWeight(
        long multiplyAccumulates,
        QuantizerSpec? spec,
        int activationBits,
        int originalBits = HalfBits,
        BitOperationAccounting accounting = BitOperationAccounting.CodeBits
    )
    {
        int weightBits = spec switch
        {
            null => originalBits,
            { Method: not QuantizerMethod.UniformAffine } when accounting == BitOperationAccounting.Published =>
                HalfBits,
            _ => spec.Bits,
        };
        return (double)multiplyAccumulates * weightBits * activationBits;
    }

    /// <summary>Bit operations of one attention: query × key with activation bits for both factors, and attention
    /// weights × values with 16 bits for one factor.</summary>
    /// <param name="multiplyAccumulates">Multiply-accumulates of query × key; attention weights × values have as
    /// many.</param>
    /// <param name="activationBits">8, 6 or 16.</param>
    public static double OfAttention(long multiplyAccumulates, int activationBits) =>
        ((double)multiplyAccumulates * activationBits * activationBits)
        + ((double)multiplyAccumulates * activationBits * HalfBits);

    /// <summary>Bit operations of all weight operators under an allocation.</summary>
    /// <param name="multiplyAccumulates">Multiply-accumulates by weight name, in one run of the denoiser.</param>
    /// <param name="allocation">The allocation; unlisted weights count with <paramref name="originalBits"/>.</param>
    /// <param name="activationBits">8, 6 or 16.</param>
    /// <param name="originalBits">P, bits of an unquantized weight.</param>
    /// <param name="accounting">The number of bits that a weight counts with.</param>
    public static double Total(
        IReadOnlyDictionary<string, long> multiplyAccumulates,
        BitAllocation allocation,
        int activationBits,
        int originalBits = HalfBits,
        BitOperationAccounting accounting = BitOperationAccounting.CodeBits
    )
    {
        ArgumentNullException.ThrowIfNull(multiplyAccumulates);
        return Total(multiplyAccumulates, allocation, _ => activationBits, originalBits, accounting);
    }

    /// <summary>The same with bits of activations layer by layer.</summary>
    /// <param name="multiplyAccumulates">By weight name, of one run of the denoiser.</param>
    /// <param name="allocation">Weights that it does not list count at full precision.</param>
    /// <param name="activationBits">By weight name: 2 to 8, or 16 where the input is not quantized.</param>
    /// <param name="originalBits">P, bits of an unquantized weight.</param>
    /// <param name="accounting">Which weight bits count.</param>
    public static double Total(
        IReadOnlyDictionary<string, long> multiplyAccumulates,
        BitAllocation allocation,
        Func<string, int> activationBits,
        int originalBits = HalfBits,
        BitOperationAccounting accounting = BitOperationAccounting.CodeBits
    )
    {
        ArgumentNullException.ThrowIfNull(multiplyAccumulates);
        ArgumentNullException.ThrowIfNull(allocation);
        ArgumentNullException.ThrowIfNull(activationBits);
        return multiplyAccumulates.Sum(pair =>
            OfWeight(pair.Value, allocation[pair.Key], activationBits(pair.Key), originalBits, accounting)
        );
    }
}
