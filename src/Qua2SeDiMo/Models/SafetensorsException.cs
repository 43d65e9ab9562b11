namespace Qua2SeDiMo.Models;

/// <summary>Thrown when a safetensors file or its index is damaged, cut short or not in that format; the message names
/// file, tensor and fault.</summary>
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

    /// <summary>The faulty tensor; null when the fault concerns the whole file.</summary>
    public string? TensorName { get; }
}
