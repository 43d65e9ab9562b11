namespace Qua2SeDiMo.Packing;

/// <summary>What <c>q2 pack</c> can write (docs/formats.md).</summary>
public enum PackFormat
{
    /// <summary>Our own: packed codes and tables, the smallest.</summary>
    Q2,

    /// <summary>The quantized values as float16 under their original names, for programs that read diffusers
    /// folders.</summary>
    Diffusers,

    /// <summary>A denoiser of standard ONNX operators whose weights are packed codes.</summary>
    Onnx,

    /// <summary>The same with our operators, for hosts that load their library.</summary>
    OnnxOperators,

    /// <summary>Settings of other tools that come nearest to the allocation.</summary>
    Recipes,
}

/// <summary>What packing made.</summary>
/// <param name="Format">How.</param>
/// <param name="DirectoryPath">The folder.</param>
/// <param name="QuantizedBytes">Bytes of the quantized weights, tables included, as this format stores them.</param>
/// <param name="RestBytes">Bytes of the denoiser's other tensors.</param>
/// <param name="FileBytes">Bytes of the denoiser's files on disk.</param>
/// <param name="AverageBits">By the size formula.</param>
public sealed record PackedModelSummary(
    PackFormat Format,
    string DirectoryPath,
    long QuantizedBytes,
    long RestBytes,
    long FileBytes,
    double AverageBits
);
