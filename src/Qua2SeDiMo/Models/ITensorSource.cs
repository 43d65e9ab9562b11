using Qua2SeDiMo.Kernels.Codes;

namespace Qua2SeDiMo.Models;

/// <summary>Named tensors whose data are read on demand; names, types and shapes are in memory.</summary>
internal interface ITensorSource : IDisposable
{
    /// <summary>All tensors by name.</summary>
    IReadOnlyDictionary<string, TensorInfo> Tensors { get; }

    /// <summary>Reads elements of a tensor from index <paramref name="start"/> on, converted to single
    /// precision.</summary>
    /// <exception cref="Q2Exception">The tensor is missing or the file ends early.</exception>
    void ReadSingle(string name, long start, Span<float> destination);

    /// <summary>Reads stored bytes, starting at byte <paramref name="start"/> of the tensor.</summary>
    /// <exception cref="Q2Exception">The tensor is missing or the file ends early.</exception>
    void ReadBytes(string name, long start, Span<byte> destination);
}

/// <summary>Reads whole tensors that are small enough to hold in memory.</summary>
internal static class TensorSources
{
    /// <summary>Reads a whole tensor as single precision.</summary>
    public static float[] ReadSingle(this ITensorSource source, string name)
    {
        ArgumentNullException.ThrowIfNull(source);
        if (!source.Tensors.TryGetValue(name, out TensorInfo? tensor))
            throw MissingTensorException.For(source, name);
        float[] values = new float[checked((int)tensor.ElementCount)];
        source.ReadSingle(name, 0, values);
        return values;
    }

    /// <summary>Reads a whole integer or boolean tensor as 64-bit integers; unsigned 64-bit values from 2^63 on become
    /// negative.</summary>
    public static long[] ReadInt64(this ITensorSource source, string name)
    {
        ArgumentNullException.ThrowIfNull(source);
        if (!source.Tensors.TryGetValue(name, out TensorInfo? tensor))
            throw MissingTensorException.For(source, name);
        if (!tensor.Type.IsInteger())
            throw new ArgumentException($"Tensor '{name}' holds {tensor.TypeName}, not integers.", nameof(name));
        byte[] bytes = new byte[checked((int)tensor.SizeBytes)];
        source.ReadBytes(name, 0, bytes);
        long[] values = new long[tensor.ElementCount];
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = tensor.Type switch
            {
                ElementType.Int64 => BitConverter.ToInt64(bytes, i * 8),
                ElementType.Int32 => BitConverter.ToInt32(bytes, i * 4),
                ElementType.Int16 => BitConverter.ToInt16(bytes, i * 2),
                ElementType.Int8 => (sbyte)bytes[i],
                ElementType.UInt64 => unchecked((long)BitConverter.ToUInt64(bytes, i * 8)),
                ElementType.UInt32 => BitConverter.ToUInt32(bytes, i * 4),
                ElementType.UInt16 => BitConverter.ToUInt16(bytes, i * 2),
                _ => bytes[i],
            };
        }
        return values;
    }
}
