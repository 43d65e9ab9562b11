using System.Runtime.InteropServices;
using Qua2SeDiMo.Kernels.Codes;
using Qua2SeDiMo.Models;
using Qua2SeDiMo.Numerics;

namespace Qua2SeDiMo.Tests;

/// <summary>A checkpoint in memory.</summary>
internal sealed class MemoryTensors : ITensorSource
{
    private readonly Dictionary<string, TensorInfo> infos = new(StringComparer.Ordinal);
    private readonly Dictionary<string, float[]> data = new(StringComparer.Ordinal);

    public IReadOnlyDictionary<string, TensorInfo> Tensors => infos;

    internal MemoryTensors With(string name, float[] values, params long[] shape)
    {
        infos.Add(name, new TensorInfo(name, ElementType.Float32, shape));
        data.Add(name, values);
        return this;
    }

    internal MemoryTensors WithRandom(string name, ulong seed, params long[] shape)
    {
        var random = new Pcg32(seed);
        float[] values = new float[shape.Aggregate(1L, (product, extent) => product * extent)];
        for (int i = 0; i < values.Length; i++)
            values[i] = (float)random.NextNormal();
        return With(name, values, shape);
    }

    public void ReadSingle(string name, long start, Span<float> destination) =>
        data[name].AsSpan((int)start, destination.Length).CopyTo(destination);

    public void ReadBytes(string name, long start, Span<byte> destination) =>
        MemoryMarshal.AsBytes(data[name].AsSpan()).Slice((int)start, destination.Length).CopyTo(destination);

    public void Dispose() { }

    public override string ToString() => "memory";
}
