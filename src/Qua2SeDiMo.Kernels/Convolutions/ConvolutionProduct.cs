using System.Numerics.Tensors;
using Qua2SeDiMo.Kernels.Gemm;
using Qua2SeDiMo.Kernels.Layout;
using Qua2SeDiMo.Kernels.MicroKernels;

namespace Qua2SeDiMo.Kernels.Convolutions;

/// <summary>A convolution as a matrix product whose tokens are the output positions of all images. Their inputs are
/// gathered while panels are packed.</summary>
internal sealed unsafe class ConvolutionProduct(
    MicroKernelSet micro,
    ConvolutionShape shape,
    float* x,
    PaletteMatrix weight,
    float* bias,
    float* y
) : FloatProduct(micro, weight, shape.PositionCount)
{
    internal override void Pack(int first, int count, float* panels) =>
        ImagePanel.Gather(shape, x, first, count, Micro.WideTokens, panels);

    internal override void Store(
        int firstChannel,
        int channels,
        int firstToken,
        int count,
        float* sums,
        nint pitch,
        float* margins
    )
    {
        int positions = shape.OutHeight * shape.OutWidth;
        for (int done = 0, length; done < count; done += length)
        {
            (int image, int position) = Math.DivRem(firstToken + done, positions);
            length = Math.Min(count - done, positions - position);
            for (int i = 0; i < channels; i++)
            {
                var result = new Span<float>(
                    y + ((((long)image * Weight.OutChannels) + firstChannel + i) * positions) + position,
                    length
                );
                var sum = new ReadOnlySpan<float>(sums + (i * pitch) + done, length);
                if (bias is null)
                    sum.CopyTo(result);
                else
                    TensorPrimitives.Add(sum, bias[firstChannel + i], result);
            }
        }
    }
}
