using Qua2SeDiMo.Models;

namespace Qua2SeDiMo.Tests;

/// <summary>A released model's tensors by name and shape; they have no values.</summary>
internal sealed class HeaderOnlyTensors(RandomModelSpec spec) : ITensorSource
{
    public IReadOnlyDictionary<string, TensorInfo> Tensors { get; } = spec.Tensors.ToDictionary(tensor => tensor.Info.Name, tensor => tensor.Info, StringComparer.Ordinal);

    public void ReadSingle(string name, long start, Span<float> destination) => throw new NotSupportedException($"'{name}' has no values.");

    public void ReadBytes(string name, long start, Span<byte> destination) => throw new NotSupportedException($"'{name}' has no values.");

    public void Dispose() { }

    public override string ToString() => spec.ClassName;
}
