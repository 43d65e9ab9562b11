namespace Qua2SeDiMo.Graphs.Onnx;

/// <summary>How a graph is written as ONNX.</summary>
internal sealed record OnnxWriterOptions
{
    /// <summary>Whether quantizable weights become graph inputs, provided at each run, instead of stored values.
    /// Default false.</summary>
    public bool QuantizableWeightsAsInputs { get; init; }

    /// <summary>
    /// Total size of initializers, in bytes, above which their data goes to a second file <c>NAME.onnx_data</c>.
    /// Default 1 GiB; protobuf limits the model file to 2 GiB. Ignored when writing to memory.
    /// </summary>
    public long ExternalDataThreshold { get; init; } = 1L << 30;

    /// <summary>Whether to wait until the files are on the disk. Default true; false for temporary files of a
    /// session.</summary>
    public bool FlushToDisk { get; init; } = true;
}
