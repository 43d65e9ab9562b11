namespace Qua2SeDiMo.Packing;

/// <summary>Output formats of <c>q2 pack</c> (docs/formats.md).</summary>
public enum PackFormat
{
    /// <summary>This program's own format, the smallest: packed codes and tables.</summary>
    Q2,

    /// <summary>The quantized values as float16 under their original names, for programs that read diffusers
    /// folders.</summary>
    Diffusers,

    /// <summary>An ONNX denoiser of standard operators whose weights are packed codes.</summary>
    Onnx,

    /// <summary>An ONNX denoiser with this project's operators, for hosts that load their library.</summary>
    OnnxOperators,

    /// <summary>Settings for other quantization tools that come nearest to the allocation.</summary>
    Recipes,
}

/// <summary>Result of packing.</summary>
/// <param name="Format">Format of the folder.</param>
/// <param name="DirectoryPath">The folder that was written.</param>
/// <param name="QuantizedBytes">Bytes of the quantized weights, tables included, as this format stores them.</param>
/// <param name="RestBytes">Bytes of the denoiser's other tensors.</param>
/// <param name="FileBytes">Bytes of the denoiser's files on disk.</param>
/// <param name="AverageBits">Average bits of the quantizable weights by the size formula.</param>
public sealed record PackedModelSummary(
    PackFormat Format,
    string DirectoryPath,
    long QuantizedBytes,
    long RestBytes,
    long FileBytes,
    double AverageBits
);
