using Qua2SeDiMo.Graphs.Ir;
using Qua2SeDiMo.Kernels.Codes;
using Qua2SeDiMo.Models;
using Qua2SeDiMo.Numerics;

namespace Qua2SeDiMo.Quantizers.Palettes;

/// <summary>One weight (or part of a split weight) in memory as a matrix; convolution kernels are flattened.</summary>
/// <param name="Name">Name for messages.</param>
/// <param name="Values">Row-major [outChannels, rowLength], finite.</param>
/// <param name="OutChannels">C, rows.</param>
/// <param name="RowLength">K, weights per row.</param>
/// <param name="OriginalType">Type in the checkpoint, which holds every value exactly.</param>
internal sealed record WeightMatrix(
    string Name,
    ReadOnlyMemory<float> Values,
    int OutChannels,
    int RowLength,
    ElementType OriginalType
)
{
    /// <summary>N, number of weights.</summary>
    public int Count => Values.Length;

    /// <summary>Row-major [outChannels, rowLength].</summary>
    public ReadOnlyMemory<float> Values { get; } =
        Values.Length > 0 && Values.Length == (long)OutChannels * RowLength
            ? Values
            : throw new UnquantizableWeightException(
                $"Weight '{Name}' has {Values.Length} values for {OutChannels} rows of {RowLength}; at least one "
                    + "value, and as many as rows × length, are expected."
            );

    /// <summary>The weights of one output channel.</summary>
    public ReadOnlySpan<float> Row(int channel) => Values.Span.Slice(channel * RowLength, RowLength);

    /// <summary>Reads a weight from a checkpoint. For a part of a split weight, only the part's input channels are
    /// read.</summary>
    /// <exception cref="UnquantizableWeightException">The tensor does not have the weight's shape, or holds a NaN or an
    /// infinity.</exception>
    /// <exception cref="Q2Exception">The tensor is missing or the file ends early.</exception>
    public static WeightMatrix Read(ITensorSource source, QuantizableWeight weight)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(weight);
        if (!source.Tensors.TryGetValue(weight.TensorName, out TensorInfo? tensor))
            throw MissingTensorException.For(source, weight.TensorName);
        long kernel = weight.Shape.Skip(2).Aggregate(1L, (product, extent) => product * extent);
        long tensorRow = weight.TensorInputs * kernel;
        if (
            weight.InputStart < 0
            || weight.InputStart + weight.Shape[1] > weight.TensorInputs
            || tensor.ElementCount != weight.OutChannels * tensorRow
        )
        {
            throw new UnquantizableWeightException(
                $"{source}: tensor '{weight.TensorName}' has shape [{string.Join(", ", tensor.Shape)}]; weight '{weight.Name}' takes "
                    + $"inputs {weight.InputStart} to {weight.InputStart + weight.Shape[1]} of "
                    + $"[{weight.OutChannels}, {weight.TensorInputs}] with {kernel} weights each."
            );
        }
        float[] values = new float[checked((int)weight.ElementCount)];
        if (!weight.IsPart)
        {
            source.ReadSingle(weight.TensorName, 0, values);
        }
        else
        {
            for (int row = 0; row < weight.OutChannels; row++)
            {
                source.ReadSingle(
                    weight.TensorName,
                    (row * tensorRow) + (weight.InputStart * kernel),
                    values.AsSpan(row * weight.RowLength, weight.RowLength)
                );
            }
        }
        int bad = IndexOfNonFinite(values);
        if (bad >= 0)
        {
            throw new UnquantizableWeightException(
                $"{source}: weight '{weight.Name}' holds {values[bad]} at row {bad / weight.RowLength}, position {bad % weight.RowLength}; "
                    + "only finite weights can be quantized. The checkpoint is damaged or its training diverged."
            );
        }
        return new WeightMatrix(weight.Name, values, weight.OutChannels, weight.RowLength, tensor.Type);
    }

    private static int IndexOfNonFinite(ReadOnlySpan<float> values)
    {
        if (FiniteNumbers.All(values))
            return -1;
        for (int i = 0; i < values.Length; i++)
        {
            if (!float.IsFinite(values[i]))
                return i;
        }
        return -1;
    }
}
