namespace Qua2SeDiMo.Kernels.Layout;

/// <summary>Extents of a two-dimensional convolution with one group, images as [batch, channel, height,
/// width].</summary>
public sealed record ConvolutionShape(int Batch, int InChannels, int Height, int Width)
{
    /// <summary>Kernel rows.</summary>
    public int KernelHeight { get; init; } = 1;

    /// <summary>Kernel columns.</summary>
    public int KernelWidth { get; init; } = 1;

    /// <summary>Rows from one output row to the next.</summary>
    public int StrideHeight { get; init; } = 1;

    /// <summary>Columns from one output column to the next.</summary>
    public int StrideWidth { get; init; } = 1;

    /// <summary>Rows from one kernel row to the next.</summary>
    public int DilationHeight { get; init; } = 1;

    /// <summary>Columns from one kernel column to the next.</summary>
    public int DilationWidth { get; init; } = 1;

    /// <summary>Zero rows above.</summary>
    public int PadTop { get; init; }

    /// <summary>Zero columns on the left.</summary>
    public int PadLeft { get; init; }

    /// <summary>Zero rows below.</summary>
    public int PadBottom { get; init; }

    /// <summary>Zero columns on the right.</summary>
    public int PadRight { get; init; }

    /// <summary>K: inputs of one output value.</summary>
    public int RowLength => checked(InChannels * KernelHeight * KernelWidth);

    /// <summary>Output rows; less than 1 when the kernel does not fit.</summary>
    public int OutHeight =>
        ((Height + PadTop + PadBottom - (DilationHeight * (KernelHeight - 1)) - 1) / StrideHeight) + 1;

    /// <summary>Output columns; less than 1 when the kernel does not fit.</summary>
    public int OutWidth => ((Width + PadLeft + PadRight - (DilationWidth * (KernelWidth - 1)) - 1) / StrideWidth) + 1;

    /// <summary>Taps of one input channel: kernel rows × kernel columns.</summary>
    internal int TapCount => checked(KernelHeight * KernelWidth);

    /// <summary>Values of one image.</summary>
    internal int ImageLength => checked(InChannels * Height * Width);

    /// <summary>Output positions of all images.</summary>
    internal int PositionCount => checked(Batch * OutHeight * OutWidth);

    /// <summary>For a 1×1 kernel with stride 1 and no padding: the same convolution with each image as a single row, so
    /// that runs are longer. Any other shape is returned unchanged.</summary>
    internal ConvolutionShape Flattened =>
        KernelHeight == 1
        && KernelWidth == 1
        && StrideHeight == 1
        && StrideWidth == 1
        && PadTop == 0
        && PadLeft == 0
        && PadBottom == 0
        && PadRight == 0
            ? new ConvolutionShape(Batch, InChannels, 1, checked(Height * Width))
            : this;

    /// <exception cref="ArgumentException">An extent is not positive, padding is negative, or the kernel does not
    /// fit.</exception>
    internal void Check()
    {
        ReadOnlySpan<int> positive =
        [
            Batch,
            InChannels,
            Height,
            Width,
            KernelHeight,
            KernelWidth,
            StrideHeight,
            StrideWidth,
            DilationHeight,
            DilationWidth,
        ];
        ReadOnlySpan<int> pads = [PadTop, PadLeft, PadBottom, PadRight];
        bool fits =
            Height + PadTop + PadBottom > DilationHeight * (KernelHeight - 1)
            && Width + PadLeft + PadRight > DilationWidth * (KernelWidth - 1);
        if (positive.ContainsAnyInRange(int.MinValue, 0) || pads.ContainsAnyInRange(int.MinValue, -1) || !fits)
            throw new ArgumentException(
                $"Extents [{string.Join(", ", positive.ToArray())}] with padding [{string.Join(", ", pads.ToArray())}] are no convolution: "
                    + "batch, channels, height, width, kernel, stride and dilation are positive, padding is not "
                    + "negative, and the kernel fits."
            );
    }
}
