using System.Runtime.InteropServices;
using Qua2SeDiMo.Graphs.Ir;
using Qua2SeDiMo.Kernels.Codes;
using Xunit;

namespace Qua2SeDiMo.Tests.Graphs;

public sealed class InitializerDataTests
{
    [Theory]
    [InlineData(new long[] { 5, 7 }, true, 0, 7)]
    [InlineData(new long[] { 5, 7 }, true, 2, 4)]
    [InlineData(new long[] { 5, 7 }, false, 1, 3)]
    [InlineData(new long[] { 4, 6, 3, 3 }, false, 0, 6)]
    [InlineData(new long[] { 4, 6, 3, 3 }, false, 2, 3)]
    [InlineData(new long[] { 2100, 2050 }, true, 0, 2050)]
    [InlineData(new long[] { 2100, 4100 }, true, 2000, 2100)]
    public void What_is_streamed_is_what_is_read(long[] shape, bool transposed, long start, long count)
    {
        using MemoryTensors tensors = new MemoryTensors().WithRandom("w", 3, shape);
        long[] taken = [shape[0], count, .. shape.Skip(2)];
        var initializer = new Initializer.FromTensor(
            "w",
            ElementType.Float32,
            transposed ? [count, shape[0]] : taken,
            "w",
            shape,
            transposed,
            start,
            count
        );
        float[] read = new float[initializer.ElementCount];
        InitializerData.ReadSingle(initializer, tensors, read);

        var stream = new MemoryStream();
        InitializerData.Write(initializer, tensors, stream);

        Assert.Equal(read, MemoryMarshal.Cast<byte, float>(stream.ToArray()).ToArray());
        float[] stored = new float[shape.Aggregate(1L, (a, b) => a * b)];
        tensors.ReadSingle("w", 0, stored);
        long inner = stored.Length / shape[0] / shape[1];
        Assert.Equal(
            stored[(int)((((shape[0] - 1) * shape[1]) + start + count - 1) * inner)],
            transposed ? read[^1] : read[(int)(read.Length - inner)]
        );
    }
}
