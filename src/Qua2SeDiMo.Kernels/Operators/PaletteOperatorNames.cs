namespace Qua2SeDiMo.Kernels.Operators;

/// <summary>Names of the operators over palette-coded weights and of their attributes, in model files
/// (docs/formats.md).</summary>
internal static class PaletteOperatorNames
{
    /// <summary>Domain, version 1.</summary>
    internal const string Domain = "com.qua2sedimo";

    /// <summary>y = x·Wᵀ + b over the last axis.</summary>
    internal const string MatMul = "PaletteMatMul";

    /// <summary>Two-dimensional convolution.</summary>
    internal const string Conv = "PaletteConv";

    /// <summary>Bits of quantized activations, 2 to 8; 0: single precision.</summary>
    internal const string ActivationBits = "activation_bits";

    /// <summary>Bits of one code.</summary>
    internal const string Bits = "bits";

    /// <summary>Method that made the palettes.</summary>
    internal const string Method = "method";

    /// <summary>Input features or channels; of a grouped convolution those of one group.</summary>
    internal const string In = "in";

    /// <summary>Output features or channels.</summary>
    internal const string Out = "out";
}
