namespace Qua2SeDiMo.Models;

/// <summary>A safetensors file is damaged, cut short or not a safetensors file; the message names file, tensor and
/// fault.</summary>
internal sealed class SafetensorsException : Q2Exception
{
    internal SafetensorsException(string path, string fault)
        : this(path, null, fault) { }

    internal SafetensorsException(string path, string? tensor, string fault)
        : base(tensor is null ? $"{path}: {fault}" : $"{path}: tensor '{tensor}': {fault}")
    {
        FilePath = path;
        TensorName = tensor;
    }

    /// <summary>The file.</summary>
    public string FilePath { get; }

    /// <summary>The tensor that is wrong, or null when the file as a whole is.</summary>
    public string? TensorName { get; }
}
