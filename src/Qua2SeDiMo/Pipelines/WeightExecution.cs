namespace Qua2SeDiMo.Pipelines;

/// <summary>How products with quantized weights are computed.</summary>
public enum WeightExecution
{
    /// <summary>Weights are dequantized to single precision first, as in a study; images equal those of its
    /// trials.</summary>
    Unpacked,

    /// <summary>Products are computed from the codes, with integer sums when activations are quantized. Takes a
    /// fraction of the memory.</summary>
    Packed,
}
