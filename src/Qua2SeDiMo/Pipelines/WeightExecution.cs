namespace Qua2SeDiMo.Pipelines;

/// <summary>How products with quantized weights are computed.</summary>
public enum WeightExecution
{
    /// <summary>The weights are reconstructed in single precision first, as in a study: the same pixels as its
    /// trials.</summary>
    Unpacked,

    /// <summary>Products take the codes as they are; with activation bits they are sums of integers. A fraction of the
    /// memory.</summary>
    Packed,
}
