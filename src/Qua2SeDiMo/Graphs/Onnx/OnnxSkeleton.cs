using Google.Protobuf;
using Qua2SeDiMo.Graphs.Ir;
using Qua2SeDiMo.Graphs.OnnxSchema;
using Qua2SeDiMo.Models;
using Qua2SeDiMo.Storage;

namespace Qua2SeDiMo.Graphs.Onnx;

/// <summary>
/// An ONNX model without the data of its large tensors, which another file holds under the same names. A packed model
/// keeps an exported denoiser in this form; <see cref="OnnxReader"/> reads it.
/// </summary>
internal static class OnnxSkeleton
{
    /// <summary>Metadata key that marks a model whose tensor data another file holds.</summary>
    internal const string ElsewhereKey = "q2.tensors";

    /// <summary>Writes the skeleton of a model.</summary>
    /// <param name="sourcePath">The complete model.</param>
    /// <param name="path">File to write.</param>
    /// <exception cref="OnnxFormatException">The source is damaged.</exception>
    public static void Write(string sourcePath, string path)
    {
        ModelProto model = OnnxReader.Parse(sourcePath);
        using var tensors = new OnnxTensors(sourcePath);
        foreach (TensorProto proto in model.Graph.Initializer)
        {
            TensorInfo info = tensors.Add(proto, isElsewhere: false);
            bool isHeld = OnnxReader.IsHeld(info);
            byte[] data = [];
            if (isHeld)
            {
                data = new byte[info.SizeBytes];
                tensors.ReadBytes(info.Name, 0, data);
            }
            proto.ExternalData.Clear();
            proto.DataLocation = TensorProto.Types.DataLocation.Default;
            proto.FloatData.Clear();
            proto.DoubleData.Clear();
            proto.Int32Data.Clear();
            proto.Int64Data.Clear();
            proto.RawData = UnsafeByteOperations.UnsafeWrap(data);
        }
        model.MetadataProps.Add(new StringStringEntryProto { Key = ElsewhereKey, Value = "elsewhere" });
        AtomicFile.Write(path, model.WriteTo);
    }
}
